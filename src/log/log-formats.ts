import type { Client, Exchange } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { userOf } from "../template/request-state.ts";
import { escapeForJson, escapeForLog } from "./escape-bytes.ts";
import { type LogFormat, loggedAddress, loggedStatus } from "./line.ts";
import { LogClock } from "./log-clock.ts";

/** The combined format of Apache and NGINX. The user is who was let in, else `-`: no name that was only claimed is logged as one. */
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
    const user = exchange.routing === null ? "-" : escapeForLog(userOf(exchange));
    return `${loggedAddress(client)} - ${user} [${this.#clock.common(Date.now())}] "${request}" ${loggedStatus(status)} ${bytes} ${this.#fields}`;
  }

  refused(client: Client, status: number, _reason: string, line: string): string {
    return `${loggedAddress(client)} - - [${this.#clock.common(Date.now())}] "${escapeForLog(line)}" ${status} 0 "-" "-"\n`;
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
      `{"time":"${this.#clock.iso(Date.now())}","client":${escapeForJson(loggedAddress(client))},"method":${escapeForJson(method)}` +
      `,"target":${escapeForJson(target)},"protocol":${escapeForJson(protocol)},"status":${loggedStatus(status)}` +
      `,"bytes":${bytes},${this.#fields},"host":${escapeForJson(host)},"site":${escapeForJson(site)}` +
      `,"app":${escapeForJson(app)},"duration_ms":${duration},"queued_ms":${milliseconds(exchange.queued)}}\n`
    );
  }

  refused(client: Client, status: number, reason: string, line: string): string {
    return (
      `{"time":"${this.#clock.iso(Date.now())}","client":${escapeForJson(loggedAddress(client))},"status":${status},"bytes":0` +
      `,"refused":${escapeForJson(reason)},"request":${escapeForJson(line)}}\n`
    );
  }
}

/** Microseconds are enough. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
