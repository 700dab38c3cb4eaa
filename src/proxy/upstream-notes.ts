import type { Exchange } from "../http/exchange.ts";
import type { ResponseHead } from "../http/response-head.ts";

/** Gives a variable of an exchange its value. */
export type Note = (exchange: Exchange, name: string, value: string) => void;

interface Try {
  readonly address: string;
  readonly began: number;
  status: string;
  /** Milliseconds; -1: it did not come to that. */
  connect: number;
  header: number;
  response: number;
}

/** Keeps `upstream_addr`, `upstream_status`, the times and `upstream_http_...` of an exchange as NGINX does: a value for each try. */
export class UpstreamNotes {
  readonly #exchange: Exchange;
  readonly #note: Note;
  readonly #tries: Try[] = [];

  constructor(exchange: Exchange, note: Note) {
    this.#exchange = exchange;
    this.#note = note;
  }

  asked(address: string, now: number): void {
    this.#tries.push({ address, began: now, status: "-", connect: -1, header: -1, response: -1 });
    this.#list("upstream_addr", (one) => one.address);
  }

  connected(now: number): void {
    const last = this.#tries.at(-1)!;
    last.connect = now - last.began;
    this.#list("upstream_connect_time", (one) => seconds(one.connect));
  }

  answered(head: ResponseHead, now: number): void {
    const last = this.#tries.at(-1)!;
    last.status = String(head.status);
    last.header = now - last.began;
    this.#list("upstream_status", (one) => one.status);
    this.#list("upstream_header_time", (one) => seconds(one.header));
    for (const [name, value] of head.headers)
      this.#note(this.#exchange, `upstream_http_${name.toLowerCase().replaceAll("-", "_")}`, value);
  }

  /** `status`: what a try without an answer counts as. */
  ended(now: number, status: number): void {
    const last = this.#tries.at(-1);
    if (last === undefined || last.response >= 0) return;
    last.response = now - last.began;
    if (last.status === "-") last.status = String(status);
    this.#list("upstream_status", (one) => one.status);
    this.#list("upstream_response_time", (one) => seconds(one.response));
  }

  #list(name: string, value: (one: Try) => string): void {
    this.#note(this.#exchange, name, this.#tries.map(value).join(", "));
  }
}

function seconds(milliseconds: number): string {
  return milliseconds < 0 ? "-" : (milliseconds / 1000).toFixed(3);
}
