import { mimes } from "mrmime";
import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { sectionOf } from "./values.ts";

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

/** How the Location of a path is sent, as `locations`; undefined: with the host that was asked and the port that was come to. */
export function locationsAt(scope: Scope, t: Translation): string | Plain | undefined {
  for (const name of ["absolute_redirect", "port_in_redirect", "server_name_in_redirect"])
    t.ledger.claimAll(scope.nearest(name));
  if (!scope.isOn("absolute_redirect", true)) return "path";
  return sectionOf({
    port: scope.isOn("port_in_redirect", true) ? undefined : false,
    host: scope.isOn("server_name_in_redirect", false) ? "site" : undefined,
  });
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
