import { parseExpiry } from "../../base/expiry-time.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { textsOf } from "./tree.ts";

/** `expires` as `static` has it, where a fixed time from now on is meant; undefined: none, or the route sees to it. */
export function expiresOfFiles(scope: Scope, t: Translation): string | number | undefined {
  if (answersItself(scope)) return undefined;
  const text = expiresText(scope, t);
  const expiry = text === null || text.includes("{") ? null : parseExpiry(text);
  if (expiry === null || expiry.kind === "daily" || (expiry.kind === "after" && expiry.modified)) return undefined;
  return expiry.kind === "after" ? Math.max(-1, expiry.seconds) : expiry.kind;
}

/** `expires` as a route has it, for what is no file, and for what moves; undefined: none, or its files see to it. */
export function expiresOfRoute(scope: Scope, t: Translation): string | undefined {
  const text = expiresText(scope, t);
  return text === null || expiresOfFiles(scope, t) !== undefined ? undefined : text;
}

// --- internal ---

/** As a template; null: none. */
function expiresText(scope: Scope, t: Translation): string | null {
  const directive = scope.one("expires");
  if (directive === null) return null;
  t.ledger.claim(directive);
  const words = textsOf(directive);
  if (words.at(-1) === "off") return null;
  const text = t.template(directive, words.join(" "));
  if (text.includes("{") || text.includes("$") || parseExpiry(text) !== null) return text;
  t.refuse(directive, "invalid value");
  return null;
}

/** Whether no file answers at a level. */
function answersItself(scope: Scope): boolean {
  if (scope.kind === "server" || scope.kind === "http") return false;
  const own = scope.directives.some(({ name }) => /^(?:proxy|uwsgi|fastcgi|scgi)_pass$|^return$/.test(name));
  // An `if` takes the handler of its location.
  return own || (scope.kind === "if" && scope.parent !== null && answersItself(scope.parent));
}
