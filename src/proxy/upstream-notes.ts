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
  /** Bytes of the answer's body; -1: not known yet. */
  body: number;
  bytes: { readonly sent: number; readonly received: number } | null;
}

/** Keeps `upstream_addr`, `upstream_status`, the times, the bytes and the fields of an exchange as NGINX does: a value for each try. */
export class UpstreamNotes {
  readonly #exchange: Exchange;
  readonly #note: Note;
  readonly #tries: Try[] = [];

  constructor(exchange: Exchange, note: Note) {
    this.#exchange = exchange;
    this.#note = note;
  }

  asked(address: string, now: number): void {
    this.#tries.push({
      address,
      began: now,
      status: "-",
      connect: -1,
      header: -1,
      response: -1,
      body: -1,
      bytes: null,
    });
    this.#tell();
  }

  connected(now: number): void {
    const last = this.#tries.at(-1)!;
    last.connect = now - last.began;
    this.#tell();
  }

  answered(head: ResponseHead, now: number): void {
    const last = this.#tries.at(-1)!;
    last.status = String(head.status);
    last.header = now - last.began;
    this.#tell();
    const fields = new Map<string, string>();
    const cookies = new Set<string>();
    for (const [name, value] of head.headers) {
      const key = `upstream_http_${variableOf(name)}`;
      const before = fields.get(key);
      fields.set(key, before === undefined ? value : `${before}, ${value}`);
      if (name.toLowerCase() === "set-cookie") this.#noteCookie(value, cookies);
    }
    for (const [name, value] of fields) this.#note(this.#exchange, name, value);
  }

  /** `status`: what a try without an answer counts as. `body`: bytes of the answer's body; `bytes`: of the connection, both ways. */
  ended(now: number, status: number, body: number, bytes: Try["bytes"]): void {
    const last = this.#tries.at(-1);
    if (last === undefined || last.response >= 0) return;
    last.response = now - last.began;
    last.body = body;
    last.bytes = bytes;
    if (last.status === "-") last.status = String(status);
    this.#tell();
  }

  /** Fields behind a chunked body. */
  trailers(fields: readonly (readonly [string, string])[]): void {
    for (const [name, value] of fields) this.#note(this.#exchange, `upstream_trailer_${variableOf(name)}`, value);
  }

  /** The first of a name counts. */
  #noteCookie(value: string, seen: Set<string>): void {
    const match = /^\s*([^=;\s]+)\s*=\s*([^;]*?)\s*(?:;|$)/.exec(value);
    if (match === null) return;
    const name = match[1]!.toLowerCase();
    if (seen.has(name)) return;
    seen.add(name);
    this.#note(this.#exchange, `upstream_cookie_${name}`, match[2]!);
  }

  #tell(): void {
    this.#list("upstream_addr", (one) => one.address);
    this.#list("upstream_status", (one) => one.status);
    this.#list("upstream_connect_time", (one) => seconds(one.connect));
    this.#list("upstream_header_time", (one) => seconds(one.header));
    this.#list("upstream_response_time", (one) => seconds(one.response));
    this.#list("upstream_response_length", (one) => (one.body < 0 ? "-" : String(one.body)));
    this.#list("upstream_bytes_received", (one) => String(one.bytes?.received ?? "-"));
    this.#list("upstream_bytes_sent", (one) => String(one.bytes?.sent ?? "-"));
  }

  #list(name: string, value: (one: Try) => string): void {
    this.#note(this.#exchange, name, this.#tries.map(value).join(", "));
  }
}

function variableOf(field: string): string {
  return field.toLowerCase().replaceAll("-", "_");
}

function seconds(milliseconds: number): string {
  return milliseconds < 0 ? "-" : (milliseconds / 1000).toFixed(3);
}
