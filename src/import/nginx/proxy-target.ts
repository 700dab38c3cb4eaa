import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf } from "./tree.ts";

/** What follows the protocol in `proxy_pass`, taken apart. */
export interface ProxyTarget {
  /** Empty: `server` says it, by a variable or as a whole URL that the environment fills in. */
  readonly protocol: string;
  /** An upstream's name, `host:port` or `unix:/path`, as a template. */
  readonly server: string;
  /** The URI part; null: the request's own goes on unchanged. */
  readonly uri: string | null;
  readonly hasVariables: boolean;
}

/** Variables that begin a URI where they follow a host. */
const URI_VARIABLE = /\$\{?(?:request_uri|uri|document_uri|is_args|args|query_string)\b/;

/** Reads the address of a `*_pass` directive at a level; null where it can't be known (which is noted there). */
export function proxyTarget(pass: Directive, protocol: string, scope: Scope, t: Translation): ProxyTarget | null {
  const written = beginning(pass, scope, t);
  t.placeholders(pass, written);
  const target = taken(pass, protocol, written, t);
  // NGINX looks at what is written: a variable anywhere in it makes the URI one that is sent as it is.
  return target === null || written === firstOf(pass) ? target : { ...target, hasVariables: true };
}

/** `to`, and `path` and `strip` where the URI part says more than `to` can. */
export function targetKeys(target: ProxyTarget, isRegexOrNamed: boolean): Plain {
  const base = target.protocol === "" ? target.server : `${target.protocol}://${target.server}`;
  if (target.uri === null) return { to: base };
  // With variables NGINX sends just what is written, else the location's path is replaced.
  if (target.hasVariables) return { to: base, path: target.uri, strip: "all-and-query" };
  if (isRegexOrNamed) return { to: base, path: target.uri, strip: "all" };
  if (target.server.startsWith("unix:") || target.uri.includes("{")) return { to: base, path: target.uri };
  return { to: base + target.uri };
}

// --- internal ---

/** What is written, with a variable at its beginning replaced where what is known of it says the protocol. */
function beginning(pass: Directive, scope: Scope, t: Translation): string {
  const written = firstOf(pass);
  const [first, name] = /^\$\{?(\w+)\}?/.exec(written) ?? [];
  if (first === undefined || name === undefined) return written;
  const rest = written.slice(first.length);
  const constant = name === "scheme" ? onlyScheme(scope) : (constantAt(scope, name) ?? t.variables.constant(name));
  if (constant === null) return written;
  const isUrl = /^(?:https?|uwsgi|fastcgi|scgi):\/\//.test(constant);
  const isProtocol = /^(?:https?|uwsgi|fastcgi|scgi)$/.test(constant) && rest.startsWith("://");
  if (!isUrl && !isProtocol) return written;
  t.ledger.claim(pass, "mapped", `$${name} is always ${constant}`);
  return constant + rest;
}

/** What `set` gives to a variable at a level whatever the request is; null where that is not one text. */
function constantAt(scope: Scope, name: string): string | null {
  const isSet = (directive: Directive): boolean =>
    directive.name === "set" && /^\$\{?(\w+)\}?$/.exec(firstOf(directive))?.[1] === name;
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const conditional = level.own("if").some((one) => (one.block ?? []).some(isSet));
    if (conditional) return null;
    const value = level.own("set").findLast(isSet)?.args[1]?.text;
    if (value !== undefined) return /\$(?!\{)/.test(value) ? null : value;
  }
  return null;
}

/** The scheme of all that a server listens to, when it is one. */
function onlyScheme(scope: Scope): string | null {
  const server = scope.within("server");
  if (server === null || server.directive === null) return null;
  const isTls = server.isOn("ssl", false);
  const schemes = server.own("listen").map((one) => isTls || one.args.some((word) => word.text === "ssl"));
  if (schemes.every((tls) => !tls)) return "http";
  return schemes.every((tls) => tls) ? "https" : null;
}

function taken(pass: Directive, protocol: string, written: string, t: Translation): ProxyTarget | null {
  const scheme = /^(?!unix:)([a-z]+):\/\//i.exec(written);
  if (scheme === null && protocol === "http") return withPlaceholder(pass, written, t);
  const named = scheme?.[1]?.toLowerCase();
  const actual = protocol === "http" || named === "suwsgi" ? (named ?? "http") : protocol;
  if (!/^(?:https?|uwsgi|fastcgi|scgi)$/.test(actual)) {
    if (actual === "suwsgi" || actual === "grpc" || actual === "grpcs")
      t.ledger.claim(pass, "needs-a-decision", `there is no ${actual} here`);
    else t.refuse(pass, "invalid URL prefix");
    return null;
  }
  return split(pass, actual, scheme === null ? written : written.slice(scheme[0].length), t);
}

/** An address that begins with what the environment fills in: the protocol, or all of the URL. */
function withPlaceholder(pass: Directive, written: string, t: Translation): ProxyTarget | null {
  const [first, braced, plain] = /^\$(?:\{(\w+)\}|([A-Z][A-Z\d_]*)\b)/.exec(written) ?? [];
  const name = braced ?? plain;
  if (first === undefined || name === undefined || t.variables.meaning(name).kind !== "unknown") {
    if (/^(?:https?:\/?)?\$/.test(written))
      return { protocol: "", server: t.template(pass, written), uri: null, hasVariables: true };
    if (!written.includes("$")) t.refuse(pass, "invalid URL prefix");
    else
      t.ledger.claim(
        pass,
        "needs-a-decision",
        "the protocol stands in a variable: write http:// or https:// in front of it",
      );
    return null;
  }
  const rest = written.slice(first.length);
  if (rest.startsWith("://")) return split(pass, `\${${name}}`, rest.slice("://".length), t);
  t.ledger.claim(pass, "mapped", `\${${name}} has to hold a URL with its protocol`);
  return { protocol: "", server: t.template(pass, first), uri: uriOf(rest, pass, t), hasVariables: false };
}

function split(pass: Directive, protocol: string, rest: string, t: Translation): ProxyTarget | null {
  const hasVariables = /\$(?!\{)\w|\$\{\w+\}/.test(rest) && t.template(pass, rest) !== rest;
  if (rest.startsWith("unix:")) {
    const [, socket, uri] = /^unix:([^:]*)(?::([\s\S]*))?$/.exec(rest)!;
    return {
      protocol,
      server: `unix:${t.path(pass, t.template(pass, socket!))}`,
      uri: uriOf(uri, pass, t),
      hasVariables,
    };
  }
  const variable = rest.slice(1).search(URI_VARIABLE);
  const slash = rest.search(/[/?]/);
  const ends = [slash, variable < 0 ? -1 : variable + 1].filter((at) => at >= 0);
  // A capture right after a name without a port begins a path: `http://web$1`.
  const capture = /^[\w.-]*[\w](?=\$\{?\d)/.exec(rest);
  if (capture !== null) ends.push(capture[0].length);
  // So does a template's placeholder after a port or another one.
  const placeholder = /(?:^[^/?]*?:\d+|^\$\{\w+\})(?=\$\{\w+\})/.exec(rest);
  if (placeholder !== null) ends.push(placeholder[0].length);
  const end = ends.length === 0 ? rest.length : Math.min(...ends);
  const server = t.upstream(t.template(pass, rest.slice(0, end)));
  if (server === "") {
    t.refuse(pass, "no host in upstream");
    return null;
  }
  return { protocol, server, uri: uriOf(rest.slice(end), pass, t), hasVariables };
}

function uriOf(written: string | undefined, pass: Directive, t: Translation): string | null {
  return written === undefined || written === "" ? null : t.template(pass, written);
}
