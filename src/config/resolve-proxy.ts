import { resolve } from "node:path";
import { didYouMean } from "../base/did-you-mean.ts";
import { capturesOf, checkPattern } from "./pattern-check.ts";
import type { ProxyConfig, ProxyProtocol } from "./proxy-model.ts";
import type { ProxySettings } from "./proxy-schema.ts";
import { defaultPort, parseProxyUrl, shownServer } from "./proxy-url.ts";
import { upstreamFor } from "./resolve-upstreams.ts";
import { resolverOf } from "./resolver-schema.ts";
import type { RouteContext } from "./route-context.ts";
import type { Path } from "./sourced.ts";
import { plainText } from "./template.ts";
import { checkOptionalTemplate, checkTemplate } from "./template-check.ts";

/** Where a proxy leads. */
interface Destination extends Pick<ProxyConfig, "protocol" | "upstream" | "target" | "name"> {
  /** The path in its URL, or empty. */
  readonly path: string;
}

/** What CGI (RFC 3875 §4.1) and NGINX's `uwsgi_params` name, in NGINX's order. */
const PARAMETERS: readonly (readonly [string, string])[] = [
  ["QUERY_STRING", "{query_string}"],
  ["REQUEST_METHOD", "{request_method}"],
  ["CONTENT_TYPE", "{content_type}"],
  ["CONTENT_LENGTH", "{content_length}"],
  ["REQUEST_URI", "{request_uri}"],
  ["PATH_INFO", "{document_uri}"],
  ["SERVER_PROTOCOL", "{server_protocol}"],
  ["REQUEST_SCHEME", "{scheme}"],
  ["HTTPS", "{https}"],
  ["REMOTE_ADDR", "{remote_addr}"],
  ["REMOTE_PORT", "{remote_port}"],
  ["SERVER_PORT", "{server_port}"],
  ["SERVER_NAME", "{server_name}"],
];

/** SCGI wants CONTENT_LENGTH in front of all others, and a field that says what it is. */
const PARAMETERS_OF: Readonly<Record<ProxyProtocol, readonly (readonly [string, string])[]>> = {
  http: [],
  https: [],
  uwsgi: PARAMETERS,
  puwsgi: PARAMETERS,
  scgi: [
    ["CONTENT_LENGTH", "{content_length}"],
    ["SCGI", "1"],
    ...PARAMETERS.filter(([name]) => name !== "CONTENT_LENGTH"),
  ],
  fastcgi: [["GATEWAY_INTERFACE", "CGI/1.1"], ["SERVER_SOFTWARE", "propylon"], ["SCRIPT_NAME", ""], ...PARAMETERS],
};

/** A proxy, or null where its destination can't be told. */
export function resolveProxy(settings: ProxySettings, at: Path, context: RouteContext): ProxyConfig | null {
  const to = resolveDestination(settings.to, [...at, "to"], context);
  if (to === null) return null;
  const { protocol, upstream, target, name } = to;
  const isHttp = protocol === "http" || protocol === "https";
  if (isHttp && settings.parameters !== undefined)
    context.problems.error([...at, "parameters"], `a proxy to ${protocol} has no parameters`, {
      at: "key",
      remedy: "write request_headers",
    });
  if (!isHttp && settings.method !== undefined)
    context.problems.error([...at, "method"], `a ${protocol} request has its method among its parameters`, {
      at: "key",
      remedy: "write parameters: {REQUEST_METHOD: ...} with all the others",
    });
  const parameters = Object.entries(settings.parameters ?? {}).map(
    ([key, value]) => [key, checkTemplate(value, [...at, "parameters", key], context)] as const,
  );
  return {
    kind: "proxy",
    protocol,
    upstream,
    target,
    resolver: resolverOf(settings.resolver),
    name,
    path: resolvePath(settings, to, at, context),
    host: checkTemplate(settings.host ?? "{http_host}", [...at, "host"], context),
    forwarded: settings.forwarded,
    method: checkOptionalTemplate(settings.method, [...at, "method"], context),
    body: settings.body === false ? "" : checkOptionalTemplate(settings.body, [...at, "body"], context),
    passHeaders: passedHeaders(settings.pass_headers),
    parameters: settings.parameters === undefined ? PARAMETERS_OF[protocol] : parameters,
    script: resolveScript(settings, protocol, [...at, "script"], context),
    buffering: settings.buffering,
    requestBuffering: settings.request_buffering,
    requestTrailers: settings.request_trailers,
    connectTimeout: settings.connect_timeout,
    sendTimeout: settings.send_timeout,
    readTimeout: settings.read_timeout,
    retry: settings.retry,
    redirects: resolveRedirects(settings.redirects, [...at, "redirects"], context),
    cookiePaths: resolveCookies(settings.cookies?.paths, [...at, "cookies", "paths"], context),
    cookieDomains: resolveCookies(settings.cookies?.domains, [...at, "cookies", "domains"], context),
    cookieFlags: resolveCookieFlags(settings.cookies?.flags, [...at, "cookies", "flags"], context),
    hide: (settings.hide ?? []).map((field) => field.toLowerCase()),
    underscores: settings.underscores,
    keepConnections: settings.keep_connections,
    upgrade: settings.upgrade,
    tunnel: { idle: settings.tunnel.idle ?? settings.read_timeout, lifetime: settings.tunnel.lifetime },
    accel: settings.accel,
    tls: resolveTls(settings, to, at, context),
  };
}

function resolveScript(
  { script }: ProxySettings,
  protocol: ProxyProtocol,
  at: Path,
  { problems }: RouteContext,
): ProxyConfig["script"] {
  if (script !== undefined && protocol !== "fastcgi")
    problems.error(at, `a proxy to ${protocol} has no scripts`, { at: "key", remedy: "write fastcgi:// in to" });
  if (script?.split !== undefined) {
    const pattern = checkPattern(script.split, [...at, "split"], "path", problems);
    if (capturesOf(pattern).count < 2)
      problems.error([...at, "split"], `"${script.split}" has no two groups`, {
        remedy: "write ^(.+\\.php)(/.*)$",
      });
  }
  return { index: script?.index ?? "", split: script?.split ?? null };
}

function passedHeaders(written: boolean | readonly string[]): readonly string[] | null {
  if (written === true) return null;
  return written === false ? [] : written.map((name) => name.toLowerCase());
}

function resolveDestination(written: string, at: Path, context: RouteContext): Destination | null {
  const { upstreams, problems } = context;
  checkTemplate(written, at, context);
  const url = parseProxyUrl(written, context.directory);
  if (url.kind === "bad") {
    problems.error(at, url.reason, url.remedy === undefined ? {} : { remedy: url.remedy });
    return null;
  }
  if (url.kind === "template") {
    if (url.protocol === "puwsgi") return noMeasure(at, context);
    const { protocol, authority, path } = url;
    return { protocol, upstream: null, target: authority, name: authority, path };
  }
  if (url.kind === "name") {
    if (!upstreams.configs.has(url.name)) return noUpstream(url.name, at, context);
    upstreams.used.add(url.name);
    return {
      protocol: upstreams.protocols.get(url.name) ?? "http",
      upstream: url.name,
      target: null,
      name: url.name,
      path: "",
    };
  }
  const { protocol, server, path } = url;
  // As in NGINX: a server that is called like an upstream is that upstream.
  if (server.path === null && server.port === null && upstreams.configs.has(server.host)) {
    upstreams.used.add(server.host);
    const spoken = upstreams.protocols.get(server.host);
    if (spoken !== undefined && spoken !== protocol)
      problems.error(at, `the targets of "${server.host}" speak ${spoken}, not ${protocol}`, {
        remedy: `write ${server.host} alone, or ${spoken}://${server.host}`,
      });
    return { protocol, upstream: server.host, target: null, name: server.host, path };
  }
  const port = server.path === null ? (server.port ?? defaultPort(protocol)) : 0;
  if (port === null) {
    problems.error(at, `a ${protocol} server has no usual port`, { remedy: `write ${protocol}://${server.host}:PORT` });
    return null;
  }
  if (protocol === "puwsgi") return noMeasure(at, context);
  const upstream = upstreamFor(protocol, { ...server, port }, upstreams);
  return { protocol, upstream, target: null, name: shownServer(server, protocol), path };
}

function noMeasure(at: Path, { problems }: RouteContext): null {
  problems.error(at, "a puwsgi server is named under upstreams, with max_connections", {
    remedy: "write the name of an upstream; max_connections: as many as uWSGI has processes times threads",
  });
  return null;
}

function noUpstream(name: string, at: Path, { upstreams, problems }: RouteContext): null {
  const named = [...upstreams.configs.keys()].filter((key) => !key.includes("/"));
  problems.error(at, `there is no upstream "${name}"`, {
    remedy:
      didYouMean(name, named) ??
      (named.length === 0 ? `write http://${name} for a server of that name` : `the upstreams are ${named.join(", ")}`),
    with: [["upstreams", name]],
  });
  return null;
}

/** Variables that hold the request's path or query, whole. */
const WHOLE = /\{(?:uri|document_uri|path|request_uri|args|query|query_string|is_args)\}/;

function resolvePath(settings: ProxySettings, to: Destination, at: Path, context: RouteContext): ProxyConfig["path"] {
  const { problems, own } = context;
  if (settings.path !== undefined && to.path !== "")
    problems.error([...at, "path"], `the URL "${settings.to}" has a path already`, {
      at: "key",
      remedy: "keep one of them",
    });
  const path = settings.path ?? to.path;
  if (path === "") {
    if (settings.strip !== undefined)
      problems.error([...at, "strip"], "nothing takes the place of what is removed", {
        at: "key",
        remedy: "write path: / too",
      });
    return null;
  }
  if (to.protocol !== "http" && to.protocol !== "https") {
    problems.error(
      settings.path === undefined ? [...at, "to"] : [...at, "path"],
      `a ${to.protocol} request has parameters in place of a path`,
      {
        remedy: "change the path by a rewrite rule, or parameters",
      },
    );
    return null;
  }
  if (settings.path !== undefined) checkTemplate(path, [...at, "path"], context);
  if (!/^[/{?]/.test(path)) problems.error([...at, "path"], `"${path}" is not a path`, { remedy: `write /${path}` });
  if (settings.strip === "all") return { strip: null, to: path };
  if (settings.strip === "all-and-query") return { strip: null, to: path, whole: true };
  const strip = settings.strip ?? own?.path ?? null;
  if (strip !== null && settings.path !== undefined && WHOLE.test(path))
    problems.warn([...at, "path"], "the rest of the path and the query follow what its variables bring already", {
      remedy: "write strip: all if path is the whole of what is asked for",
    });
  // `/wps` is whole segments, so what goes on after it begins with a slash already.
  if (settings.strip === undefined && own?.kind === "segments")
    return { strip: own.path.replace(/\/$/, ""), to: path.replace(/\/$/, "") };
  return { strip, to: path };
}

function resolveRedirects(
  redirects: ProxySettings["redirects"],
  at: Path,
  context: RouteContext,
): ProxyConfig["redirects"] {
  if (redirects === "default") return [redirects];
  return (redirects === false ? [] : redirects).map((rewrite, index) => {
    if (rewrite === "default") return rewrite;
    const { from, to } = rewrite;
    const captures = checkFrom(from, [...at, index, "from"], context);
    return { from, to: checkTemplate(to, [...at, index, "to"], { ...context, captures }) };
  });
}

function resolveCookies(
  rewrites: readonly { readonly from: string; readonly to: string }[] | undefined,
  at: Path,
  context: RouteContext,
): ProxyConfig["cookiePaths"] {
  return (rewrites ?? []).map(({ from, to }, index) => {
    const captures = checkFrom(from, [...at, index, "from"], context);
    return { from, to: checkTemplate(to, [...at, index, "to"], { ...context, captures }) };
  });
}

/** What an attribute may be written as; one with a variable in it is judged when a cookie comes. */
const COOKIE_FLAG = /^(?:no)?(?:secure|httponly)$|^nosamesite$|^samesite(?:=(?:strict|lax|none))?$/i;

function resolveCookieFlags(
  written: readonly { readonly name: string; readonly set: readonly string[] }[] | undefined,
  at: Path,
  context: RouteContext,
): ProxyConfig["cookieFlags"] {
  return (written ?? []).map(({ name, set }, index) => {
    checkFrom(name, [...at, index, "name"], context);
    for (const flag of set) {
      checkTemplate(flag, [...at, index, "set"], context);
      if (plainText(flag) !== null && !COOKIE_FLAG.test(flag))
        context.problems.error([...at, index, "set"], `"${flag}" is no attribute that a cookie can be given here`, {
          remedy: "write secure, httponly, samesite=lax, or one of them with no in front",
        });
    }
    return { name, flags: set };
  });
}

/** Checks text, or a pattern behind `~`; returns how many captures there are after it. */
function checkFrom(from: string, at: Path, context: RouteContext): number {
  if (!from.startsWith("~")) {
    checkTemplate(from, at, context);
    return context.captures;
  }
  const pattern = checkPattern(from.replace(/^~\*?/, ""), at, "answer", context.problems);
  return Math.max(context.captures, capturesOf(pattern).count);
}

function resolveTls(
  settings: ProxySettings,
  { protocol, target }: Destination,
  at: Path,
  context: RouteContext,
): ProxyConfig["tls"] {
  const { tls } = settings;
  const where = [...at, "tls"];
  // A variable may say https.
  const mayBeSecure = protocol === "https" || (target !== null && protocol === "http");
  if (!mayBeSecure) {
    if (tls !== undefined)
      context.problems.error(where, `a proxy to ${protocol} has no TLS`, { at: "key", remedy: "write https:// in to" });
    return null;
  }
  const file = (key: "ca" | "crl" | "certificate" | "key"): string | null => {
    const written = tls?.[key];
    if (written === undefined) return null;
    const path = resolve(context.directory, written);
    if (!context.disk.isFile(path)) context.problems.error([...where, key], `there is no file ${path}`);
    return path;
  };
  if ((tls?.certificate === undefined) !== (tls?.key === undefined))
    context.problems.error(where, "certificate and key belong together", { at: "key", remedy: "write both" });
  return {
    verify: tls?.verify ?? true,
    ca: file("ca"),
    name: checkOptionalTemplate(tls?.name, [...where, "name"], context),
    crl: file("crl"),
    certificate: file("certificate"),
    key: file("key"),
  };
}
