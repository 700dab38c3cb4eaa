import type { Client, Exchange } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { escapeForJson, escapeForLog } from "./escape-bytes.ts";
import { LogClock } from "./log-clock.ts";

/** The client left before an answer: NGINX's status for it. */
const CLIENT_CLOSED = 499;

/** Writes one line of an access log, its line feed included, in printable ASCII only. */
export interface LogFormat {
  exchange(exchange: Exchange, status: number, bytes: number): string;
  refused(client: Client, status: number, reason: string, line: string): string;
}

/** The combined format of Apache and NGINX. The user is always `-`: no name that was only claimed is logged as one. */
export class CombinedFormat implements LogFormat {
  readonly #clock = new LogClock();
  // The fields of the last headers seen: connections repeat theirs, and RequestHeaders are shared (http/request-headers.ts).
  #headers: RequestHeaders | null = null;
  #fields = "";

  exchange(exchange: Exchange, status: number, bytes: number): string {
    const { client, method, target, protocol, headers } = exchange;
    if (headers !== this.#headers) {
      const referer = escapeForLog(headers.get("referer") ?? "");
      this.#fields = `"${referer}" "${escapeForLog(headers.get("user-agent") ?? "")}"\n`;
      this.#headers = headers;
    }
    const request = escapeForLog(`${method} ${target} ${protocol}`);
    return `${address(client)} - - [${this.#clock.common(Date.now())}] "${request}" ${status || CLIENT_CLOSED} ${bytes} ${this.#fields}`;
  }

  refused(client: Client, status: number, _reason: string, line: string): string {
    return `${address(client)} - - [${this.#clock.common(Date.now())}] "${escapeForLog(line)}" ${status} 0 "-" "-"\n`;
  }
}

/**
 * One JSON object a line: time, client, method, target, protocol, status, bytes, referer, user_agent, host, site, app,
 * duration_ms, queued_ms. A refused request has `refused` (why) and `request` (what was read of the request line) instead of
 * what was never known.
 */
export class JsonFormat implements LogFormat {
  readonly #clock = new LogClock();
  #headers: RequestHeaders | null = null;
  #fields = "";

  exchange(exchange: Exchange, status: number, bytes: number): string {
    const { client, method, target, protocol, headers, host, site, app } = exchange;
    if (headers !== this.#headers) {
      const agent = escapeForJson(headers.get("user-agent") ?? "");
      this.#fields = `"referer":${escapeForJson(headers.get("referer") ?? "")},"user_agent":${agent}`;
      this.#headers = headers;
    }
    const duration = milliseconds(performance.now() - exchange.began);
    return (
      `{"time":"${this.#clock.iso(Date.now())}","client":${escapeForJson(address(client))},"method":${escapeForJson(method)}` +
      `,"target":${escapeForJson(target)},"protocol":${escapeForJson(protocol)},"status":${status || CLIENT_CLOSED}` +
      `,"bytes":${bytes},${this.#fields},"host":${escapeForJson(host)},"site":${escapeForJson(site)}` +
      `,"app":${escapeForJson(app)},"duration_ms":${duration},"queued_ms":${milliseconds(exchange.queued)}}\n`
    );
  }

  refused(client: Client, status: number, reason: string, line: string): string {
    return (
      `{"time":"${this.#clock.iso(Date.now())}","client":${escapeForJson(address(client))},"status":${status},"bytes":0` +
      `,"refused":${escapeForJson(reason)},"request":${escapeForJson(line)}}\n`
    );
  }
}

/** A client on a Unix socket has no address; NGINX writes `unix:`. */
function address(client: Client): string {
  return client.address === "" ? "unix:" : client.address;
}

/** Microseconds are enough. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
