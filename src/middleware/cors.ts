import type { CorsConfig } from "../config/policy-model.ts";
import { isToken } from "../http/characters.ts";
import type { Exchange } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";

type Field = readonly [name: string, value: string];

const PREFLIGHT_VARIES = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/** Which other sites' scripts may read answers (Fetch standard §3.3, "CORS protocol"). */
export class Cors {
  readonly #config: CorsConfig;
  readonly #any: boolean;
  readonly #exact: ReadonlySet<string>;
  /** `https://*.example.org` as `https://` and `.example.org`. */
  readonly #wild: readonly (readonly [string, string])[];

  constructor(config: CorsConfig) {
    this.#config = config;
    this.#any = config.origins.includes("*");
    this.#exact = new Set(config.origins.filter((origin) => !origin.includes("*")));
    this.#wild = config.origins
      .filter((origin) => origin.includes("://*."))
      .map((origin) => {
        const star = origin.indexOf("*");
        return [origin.slice(0, star), origin.slice(star + 1)] as const;
      });
  }

  /** Answers a preflight; false: it is none. */
  preflight(exchange: Exchange): boolean {
    const { headers } = exchange;
    const origin = headers.get("origin");
    const method = headers.get("access-control-request-method");
    if (exchange.method !== "OPTIONS" || origin === undefined || method === undefined) return false;
    const fields: Field[] = [["Vary", PREFLIGHT_VARIES]];
    const allowed = this.#allow(origin);
    if (allowed !== null && isToken(method)) {
      fields.push(["Access-Control-Allow-Origin", allowed]);
      if (this.#config.credentials) fields.push(["Access-Control-Allow-Credentials", "true"]);
      fields.push(["Access-Control-Allow-Methods", this.#config.methods?.join(", ") ?? method]);
      const wanted = this.#config.headers?.join(", ") ?? tokens(headers.list("access-control-request-headers") ?? "");
      if (wanted !== "") fields.push(["Access-Control-Allow-Headers", wanted]);
      if (this.#config.maxAge !== null) fields.push(["Access-Control-Max-Age", String(this.#config.maxAge)]);
    }
    exchange.respond(new ResponseHead(204, fields), null);
    return true;
  }

  /** The answer with what lets the asking script read it. What the handler says of the same is replaced. */
  apply(exchange: Exchange, head: ResponseHead): ResponseHead {
    const fields = head.headers.filter(([name]) => !isOurs(name));
    // Without Vary a cache would give one origin's answer to another.
    const varies = !this.#any || this.#config.credentials;
    if (varies && !names(fields, "vary", "origin")) fields.push(["Vary", "Origin"]);
    const origin = exchange.headers.get("origin");
    const allowed = origin === undefined ? (varies ? null : "*") : this.#allow(origin);
    if (allowed === null) return new ResponseHead(head.status, fields, head.reason);
    fields.push(["Access-Control-Allow-Origin", allowed]);
    if (this.#config.credentials) fields.push(["Access-Control-Allow-Credentials", "true"]);
    if (this.#config.expose.length > 0) fields.push(["Access-Control-Expose-Headers", this.#config.expose.join(", ")]);
    return new ResponseHead(head.status, fields, head.reason);
  }

  // --- internal ---

  /** The value of Access-Control-Allow-Origin, or null. */
  #allow(origin: string): string | null {
    const lower = origin.toLowerCase();
    if (this.#exact.has(lower)) return origin;
    for (const [start, end] of this.#wild) {
      const inner = lower.slice(start.length, lower.length - end.length);
      if (lower.startsWith(start) && lower.endsWith(end) && /^[\w-]+(?:\.[\w-]+)*$/.test(inner)) return origin;
    }
    return this.#any ? "*" : null;
  }
}

// --- internal ---

function isOurs(name: string): boolean {
  return /^access-control-(?:allow-origin|allow-credentials|expose-headers)$/i.test(name);
}

function names(fields: readonly Field[], name: string, value: string): boolean {
  return fields.some(
    ([one, list]) =>
      one.toLowerCase() === name &&
      list.split(",").some((part) => part.trim() === "*" || part.trim().toLowerCase() === value),
  );
}

/** Those parts of a list that are field names. */
function tokens(list: string): string {
  return list
    .split(",")
    .map((part) => part.trim())
    .filter((part) => isToken(part))
    .join(", ");
}
