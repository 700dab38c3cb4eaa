import type { Exchange } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { AnswerHead } from "./answer-head.ts";
import { applyRules, type CookieRules, type Rewrite, rewriteCookie, rewriteRefresh } from "./rewriting.ts";

/** What a route does to the fields of its upstream's answers. */
export interface AnswerRules extends CookieRules {
  /** Lower case; includes what is for us alone. */
  readonly hidden: ReadonlySet<string>;
  readonly redirects: readonly Rewrite[];
  /** What becomes of a rewritten Location that is a path. */
  readonly locate: (exchange: Exchange, location: string) => string;
}

/** Fields with which an upstream speaks to the server in front of it (NGINX's X-Accel). */
export const FOR_US = ["x-accel-buffering", "x-accel-charset", "x-accel-expires", "x-accel-limit-rate", "x-pad"];

/**
 * The head that the client gets for an upstream's. Equal heads give the same object, so that it is serialised once, unless
 * something in them is rewritten.
 */
export function shownAnswer(head: ResponseHead, rules: AnswerRules, exchange: Exchange): ResponseHead {
  if (head instanceof AnswerHead && head.shownBy === rules) return head.shown!;
  const fields: (readonly [string, string])[] = [];
  let rewritten = false;
  for (const field of head.headers) {
    const name = field[0].toLowerCase();
    if (rules.hidden.has(name)) continue;
    const value = rewrite(name, field[1], rules, exchange);
    if (value === undefined) {
      fields.push(field);
      continue;
    }
    rewritten = true;
    fields.push([field[0], value ?? field[1]]);
  }
  const shown = new ResponseHead(head.status, fields, head.reason);
  if (head instanceof AnswerHead && !rewritten) {
    head.shownBy = rules;
    head.shown = shown;
  }
  return shown;
}

/** What `X-Accel-Buffering` says: true, false, or null without it. */
export function saidBuffering(head: ResponseHead): boolean | null {
  for (const [name, value] of head.headers) {
    if (name.length === 17 && name.toLowerCase() === "x-accel-buffering") {
      if (value.toLowerCase() === "no") return false;
      if (value.toLowerCase() === "yes") return true;
    }
  }
  return null;
}

// --- internal ---

/** undefined: no rule looks at such fields; null: rules did, and leave this one as it is. */
function rewrite(name: string, value: string, rules: AnswerRules, exchange: Exchange): string | null | undefined {
  switch (name) {
    case "location":
      return rules.redirects.length === 0 ? undefined : location(value, rules, exchange);
    case "refresh":
      return rules.redirects.length === 0 ? undefined : rewriteRefresh(rules.redirects, value, exchange);
    case "set-cookie":
      return rules.cookiePaths.length + rules.cookieDomains.length + rules.cookieFlags.length === 0
        ? undefined
        : rewriteCookie(rules, value, exchange);
    default:
      return undefined;
  }
}

/** As with NGINX, a path that a rule has put there is sent as the site sends paths; one of the upstream's own stays. */
function location(value: string, rules: AnswerRules, exchange: Exchange): string | null {
  const rewritten = applyRules(rules.redirects, value, exchange);
  return rewritten?.startsWith("/") ? rules.locate(exchange, rewritten) : rewritten;
}
