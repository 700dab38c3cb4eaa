import type { Exchange, Handler, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { type Fields, firstOf, without } from "./fields.ts";

/** The head of an answer that told this cache alone how long it is fresh. */
export class TimedHead extends ResponseHead {
  /** What it is judged by in place of its Cache-Control and Expires, which are for the caches behind this one. */
  readonly cacheControl: string;

  constructor(head: ResponseHead, fields: Fields, cacheControl: string) {
    super(head.status, fields, head.reason);
    this.cacheControl = cacheControl;
  }
}

/** Takes `X-Accel-Expires` out of the answers of a handler before a cache: a `TimedHead` says what was in it. */
export function takingExpiry(next: Handler): Handler {
  return {
    handle: (exchange) => {
      exchange.filter(TAKEN);
      next.handle(exchange);
    },
  };
}

/** The fields that an answer is judged by, of those that are sent. */
export function judgedFields(head: ResponseHead, fields: Fields = head.headers): Fields {
  if (!(head instanceof TimedHead)) return fields;
  return [...without(fields, FRESHNESS), ["Cache-Control", head.cacheControl]];
}

/** NGINX's forms: seconds, `@` and a time since 1970, 0 for not at all; null for what is none of them. `now`: seconds since 1970. */
export function cacheControlOf(text: string, now: number): string | null {
  const [, at, digits] = /^(@?)(\d{1,12})$/.exec(text.trim()) ?? [];
  if (digits === undefined) return null;
  const seconds = at === "@" ? Math.max(0, Number(digits) - now) : Number(digits);
  return seconds === 0 ? "no-store" : `max-age=${seconds}`;
}

// --- internal ---

const NAME = "x-accel-expires";
const TAKEN_OUT = new Set([NAME]);
const FRESHNESS = new Set(["cache-control", "expires"]);

const TAKEN: ResponseFilter = {
  respond: (exchange: Exchange, head: ResponseHead, body: ResponseBody) => {
    const text = firstOf(head.headers, NAME);
    if (text === undefined) return exchange.respond(head, body);
    const fields = without(head.headers, TAKEN_OUT);
    const cacheControl = cacheControlOf(text, Math.floor(Date.now() / 1000));
    const timed =
      cacheControl === null
        ? new ResponseHead(head.status, fields, head.reason)
        : new TimedHead(head, fields, cacheControl);
    exchange.respond(timed, body);
  },
  fail: (exchange, status, reason, headers) => exchange.fail(status, reason, headers),
};
