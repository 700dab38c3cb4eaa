import { type Expiry, parseExpiry } from "../base/expiry-time.ts";
import { formatHttpDate } from "../http/conditional.ts";
import type { Exchange } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import type { CompiledTemplate } from "../template/template.ts";

/** Says of answers how long they may be kept, by Expires (RFC 9111 §5.3) and Cache-Control, in place of what they say themselves. */
export class ExpiryRule {
  readonly #text: CompiledTemplate;
  readonly #fixed: Expiry | null;

  /** `text` as `parseExpiry` reads it; where variables make it something else, nothing is said. */
  constructor(text: CompiledTemplate) {
    this.#text = text;
    this.#fixed = text.constant === null ? null : parseExpiry(text.constant);
  }

  /** `seconds`: the time now, since 1970. */
  apply(exchange: Exchange, head: ResponseHead, seconds = Math.floor(Date.now() / 1000)): ResponseHead {
    if (!LASTING.has(head.status)) return head;
    const expiry = this.#text.constant === null ? parseExpiry(this.#text.evaluate(exchange)) : this.#fixed;
    if (expiry === null) return head;
    const others = head.headers.filter(([name]) => !/^(?:expires|cache-control)$/i.test(name));
    const [date, cacheControl] = fieldsOf(expiry, head, seconds);
    return new ResponseHead(head.status, [...others, ["Expires", date], ["Cache-Control", cacheControl]], head.reason);
  }
}

// --- internal ---

/** The statuses on which NGINX's `expires` works. */
const LASTING = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);
const DAY = 86_400;

function fieldsOf(expiry: Expiry, head: ResponseHead, now: number): readonly [expires: string, cacheControl: string] {
  switch (expiry.kind) {
    case "max":
      return ["Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"];
    case "epoch":
      return ["Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"];
    case "daily": {
      const midnight = new Date(now * 1000).setHours(0, 0, 0, 0) / 1000;
      const time = midnight + expiry.seconds;
      return until(time > now ? time : time + DAY, now);
    }
    case "after": {
      const changed = expiry.modified ? lastModified(head) : null;
      if (expiry.seconds < 0) return [formatHttpDate((changed ?? now) + expiry.seconds), "no-cache"];
      return until((changed ?? now) + expiry.seconds, now);
    }
  }
}

function until(time: number, now: number): readonly [string, string] {
  return [formatHttpDate(Math.max(0, time)), time < now ? "no-cache" : `max-age=${time - now}`];
}

/** Seconds since 1970; null: the answer does not tell. */
function lastModified({ headers }: ResponseHead): number | null {
  const text = headers.find(([name]) => name.toLowerCase() === "last-modified")?.[1];
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? null : Math.floor(time / 1000);
}
