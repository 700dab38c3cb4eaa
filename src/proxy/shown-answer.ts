import type { Exchange } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { AnswerHead } from "./answer-head.ts";
import { applyRules, type Rewrite, rewriteCookie, rewriteRefresh } from "./rewriting.ts";

/** What a route does to the fields of its upstream's answers. */
export interface AnswerRules {
  /** Lower case; includes what is for us alone. */
  readonly hidden: ReadonlySet<string>;
  readonly redirects: readonly Rewrite[];
  readonly cookiePaths: readonly Rewrite[];
  readonly cookieDomains: readonly Rewrite[];
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
      return rules.redirects.length === 0 ? undefined : applyRules(rules.redirects, value, exchange);
    case "refresh":
      return rules.redirects.length === 0 ? undefined : rewriteRefresh(rules.redirects, value, exchange);
    case "set-cookie":
      return rules.cookiePaths.length === 0 && rules.cookieDomains.length === 0
        ? undefined
        : rewriteCookie(rules.cookiePaths, rules.cookieDomains, value, exchange);
    default:
      return undefined;
  }
}
