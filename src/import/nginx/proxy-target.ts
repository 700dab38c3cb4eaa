import type { Plain } from "../tree.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf } from "./tree.ts";

/** What follows the protocol in `proxy_pass`, taken apart. */
export interface ProxyTarget {
  readonly protocol: string;
  /** An upstream's name, `host:port` or `unix:/path`, as a template. */
  readonly server: string;
  /** The URI part; null: the request's own goes on unchanged. */
  readonly uri: string | null;
  readonly hasVariables: boolean;
}

/** Variables that begin a URI where they follow a host. */
const URI_VARIABLE = /\$\{?(?:request_uri|uri|document_uri|is_args|args|query_string)\b/;

/** Reads the address of a `*_pass` directive; null where it can't be known (which is noted there). */
export function proxyTarget(pass: Directive, protocol: string, t: Translation): ProxyTarget | null {
  let written = firstOf(pass);
  const only = /^\$\{?(\w+)\}?/.exec(written);
  const constant = only === null ? null : t.variables.constant(only[1]!);
  if (constant !== null && /^(?:https?|uwsgi|fastcgi|scgi):\/\//.test(constant)) {
    written = constant + written.slice(only![0].length);
    t.ledger.claim(pass, "mapped", `$${only![1]} is always ${constant}`);
  }
  t.placeholders(pass, written);
  const scheme = /^(?!unix:)([a-z]+):\/\//i.exec(written);
  if (scheme === null && protocol === "http") {
    const placeholder = /^\$\{(\w+)\}:\/\//.exec(written);
    if (placeholder === null || t.variables.meaning(placeholder[1]!).kind !== "unknown") {
      if (!written.includes("$") && !/^(?:\{\{|<%|__)/.test(written)) t.refuse(pass, "invalid URL prefix");
      else
        t.ledger.claim(
          pass,
          "needs-a-decision",
          "the protocol stands in a variable: write http:// or https:// in front of it",
        );
      return null;
    }
    return split(pass, `\${${placeholder[1]}}`, written.slice(placeholder[0].length), t);
  }
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

/** `to`, and `path` and `strip` where the URI part says more than `to` can. */
export function targetKeys(target: ProxyTarget, isRegexOrNamed: boolean): Plain {
  const base = `${target.protocol}://${target.server}`;
  if (target.uri === null) return { to: base };
  // With variables NGINX sends just what is written, else the location's path is replaced.
  if (target.hasVariables || isRegexOrNamed) return { to: base, path: target.uri, strip: "all" };
  if (target.server.startsWith("unix:") || target.uri.includes("{")) return { to: base, path: target.uri };
  return { to: base + target.uri };
}

// --- internal ---

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
  const server = t.template(pass, rest.slice(0, end));
  if (server === "") {
    t.refuse(pass, "no host in upstream");
    return null;
  }
  return { protocol, server, uri: uriOf(rest.slice(end), pass, t), hasVariables };
}

function uriOf(written: string | undefined, pass: Directive, t: Translation): string | null {
  return written === undefined || written === "" ? null : t.template(pass, written);
}
