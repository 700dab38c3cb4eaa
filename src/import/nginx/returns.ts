import { mimes } from "mrmime";
import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The handler that does what a `return` does; null where only a rule can. */
export function answerOfReturn(directive: Directive, scope: Scope, t: Translation): Plain | null {
  const [first, text] = textsOf(directive);
  if (text === undefined && !/^\d+$/.test(first!)) {
    if (!/^(?:https?:\/\/|\$scheme)/.test(first!)) {
      t.refuse(directive, `invalid return code "${first}"`);
      return null;
    }
    return { redirect: { to: t.template(directive, first!), status: 302 } };
  }
  const status = Number(first);
  if (!Number.isInteger(status) || status > 999) {
    t.refuse(directive, `invalid return code "${first}"`);
    return null;
  }
  if (status < 200 || status > 599) {
    t.ledger.claim(directive, "needs-a-decision", `a status of ${status} can't be sent`);
    return { fail: 404 };
  }
  if (text !== undefined && REDIRECTS.has(status)) return { redirect: { to: t.template(directive, text), status } };
  if (text === undefined && status >= 400) return { fail: status };
  const body = text === undefined || isBodiless(status) ? "" : t.template(directive, text);
  return { respond: { status, ...(body === "" ? {} : { body, headers: { "Content-Type": typeOf(scope, t) } }) } };
}

/** Says what becomes of settings about the Location of a path, which is given the scheme, host and port of the request. */
export function noteLocation(scope: Scope, t: Translation): void {
  for (const name of ["absolute_redirect", "port_in_redirect"] as const) {
    const directive = scope.one(name);
    if (directive === null) continue;
    const server = scope.within("server");
    const isOther = server !== null && scope.isOn(name, true) !== server.isOn(name, true);
    t.ledger.claim(
      directive,
      isOther ? "approximated" : "mapped",
      isOther ? "what the server says holds for all of it" : "",
    );
  }
  const named = scope.one("server_name_in_redirect");
  if (named === null) return;
  const isUsual = firstOf(named) === "off";
  t.ledger.claim(named, isUsual ? "mapped" : "approximated", isUsual ? "" : "the host is the one that was asked");
}

/** What a Location that is a path is sent as, as a site has it; undefined: whole. */
export function redirectForm(scope: Scope): "portless" | "off" | undefined {
  if (!scope.isOn("absolute_redirect", true)) return "off";
  return scope.isOn("port_in_redirect", true) ? undefined : "portless";
}

/** No body goes with these (RFC 9110 §15.3.5 and §15.4.5). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

// --- internal ---

/** The type of a body that `return` writes: by the extension of a path that is written out, else `default_type`. */
function typeOf(scope: Scope, t: Translation): string {
  const location = scope.within("location")?.directive ?? null;
  const [path, exact] = location === null ? [] : textsOf(location).reverse();
  const extension = exact === "=" ? /\.(\w+)$/.exec(path ?? "")?.[1] : undefined;
  const known = extension === undefined ? undefined : mimes[extension];
  const given = scope.one("default_type");
  if (given !== null && known === undefined) t.ledger.claim(given);
  const type = known ?? (given === null ? "text/plain" : firstOf(given));
  const charset = scope.one("charset");
  if (charset === null || firstOf(charset) === "off" || !WITH_CHARSET.test(type)) return type;
  t.ledger.claim(charset);
  return `${type}; charset=${firstOf(charset)}`;
}

/** What NGINX's `charset_types` has by default. */
const WITH_CHARSET = /^(?:text\/(?:html|xml|plain|vnd\.wap\.wml)|application\/(?:javascript|rss\+xml))$/;
