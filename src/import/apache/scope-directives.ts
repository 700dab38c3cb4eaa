import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { readHost } from "./addresses.ts";
import { type ApacheLogs, readErrorLog } from "./logs.ts";
import type { ApacheNode } from "./parse.ts";
import { readPattern } from "./pattern.ts";
import { readProxyMatch, readProxyPass } from "./proxy.ts";
import { readRemote } from "./remote-ip.ts";
import type { Scope } from "./scope.ts";
import { plainTemplate } from "./template.ts";
import { readTls } from "./tls.ts";

const REDIRECTS: Readonly<Record<string, number>> = { permanent: 301, temp: 302, seeother: 303, gone: 410 };
const LEVELS: Readonly<Record<string, string>> = {
  debug: "debug",
  info: "info",
  notice: "info",
  warn: "warn",
};

/** Takes in what stands at a server or virtual host (and in a `<Location>`, for proxies); null: it is none of these. */
export function readScopeDirective(
  node: ApacheNode,
  scope: Scope,
  location: string | null,
  top: Plain,
  logs: ApacheLogs,
): Outcome | null {
  const { args } = node;
  const [first = ""] = args;
  switch (node.key) {
    case "servername":
    case "serveralias":
      return readNames(args, scope);
    case "documentroot":
      if (first === "") return undecided("it names no folder");
      scope.documentRoot = first.replace(/(.)\/+$/, "$1");
      return mapped();
    case "alias":
    case "aliasmatch":
    case "wsgiscriptalias":
    case "wsgiscriptaliasmatch":
      return readAlias(node, scope);
    case "scriptalias":
      return readScriptAlias(args, scope);
    case "proxypass":
    case "proxypassmatch":
      return readPass(node, scope, location);
    case "proxypassreverse": {
      const [path, url] = location === null ? args : [location, first];
      scope.reverses.push({ path: path ?? "/", url: url ?? "" });
      return mapped();
    }
    case "proxypassreversecookiedomain":
    case "proxypassreversecookiepath":
      return approximated("cookies of the upstream are passed on as they are");
    case "proxypreservehost":
      scope.preserveHost = /^on$/i.test(first);
      return mapped();
    case "accessfilename":
      scope.accessFiles = args;
      return mapped();
    case "proxytimeout":
      if (!/^\d{1,6}$/.test(first)) return undecided(`"${first}" is no time`);
      scope.proxyTimeout = Number(first);
      return mapped();
    case "redirect":
    case "redirectmatch":
    case "redirectpermanent":
    case "redirecttemp":
      return readRedirect(node, scope, location);
    case "rewritemap":
      scope.maps.set(first, args[1] ?? "");
      return /^(?:txt|int):./.test(args[1] ?? "")
        ? mapped()
        : undecided("maps are text files, or tolower of a host name");
    case "errorlog":
      return readErrorLog(args, top);
    case "loglevel": {
      const level = LEVELS[first.toLowerCase().replace(/^\w+:/, "")] ?? "error";
      top["log"] = { level, ...(top["log"] as Plain | undefined) };
      return /^(?:debug|info|warn|error)$/i.test(first) && args.length === 1
        ? mapped()
        : approximated(`our log has the level ${level}`);
    }
    case "customlog":
    case "transferlog":
      return logs.add(node.key, args, scope.logs);
    case "logformat":
      return logs.define(args);
    case "user":
    case "group":
      if (!/^#?\w[\w.-]*\$?$/.test(first)) return approximated(`"${first}" is to be filled in`);
      top[node.key] ??= first.replace(/^#/, "");
      return mapped();
    case "keepalivetimeout":
    case "timeout": {
      const time = timeOf(first);
      if (time === null) return undecided(`"${first}" is no time`);
      const before = top["timeouts"] as Plain | undefined;
      top["timeouts"] = { ...before, ...(node.key === "timeout" ? { body: time, write: time } : { idle: time }) };
      return node.key === "timeout"
        ? approximated("between parts of a request's body and of what a client reads")
        : mapped();
    }
    case "keepalive":
      return /^off$/i.test(first) ? approximated("connections are kept alive") : mapped();
    case "maxkeepaliverequests":
      return ignored("a connection may ask for as much as it wants");
    case "limitrequestline":
      if (!/^\d{1,6}$/.test(first)) return undecided(`"${first}" is no number`);
      top["limits"] = { ...(top["limits"] as Plain | undefined), request_line: Number(first) };
      return mapped();
    case "limitrequestfields":
      if (!/^\d{1,6}$/.test(first)) return undecided(`"${first}" is no number`);
      top["limits"] = { ...(top["limits"] as Plain | undefined), header_count: Math.max(1, Number(first)) };
      return mapped();
    case "limitrequestfieldsize":
      return approximated("limits.header_size bounds all fields of a request together");
    default:
      return readRemote(node, scope.remote) ?? readTls(node, scope.tls);
  }
}

// --- internal ---

/** `60`, `500ms`, `2min`; null: it is no time. */
function timeOf(text: string): string | null {
  const match = /^(\d{1,6})(ms|s|mi|min|h)?$/i.exec(text);
  const units: Readonly<Record<string, string>> = { ms: "ms", s: "s", mi: "m", min: "m", h: "h" };
  return match === null ? null : `${match[1]}${units[match[2]?.toLowerCase() ?? "s"]}`;
}

function readNames(args: readonly string[], scope: Scope): Outcome {
  const names = args.map(readHost);
  scope.hosts.push(...names.filter((name) => name !== null));
  return names.every((name) => name !== null)
    ? mapped()
    : approximated(`"${args.join(" ")}" is no host name: it is left out`);
}

/** `ScriptAlias PATH FOLDER|FILE`: programs of CGI. */
function readScriptAlias([written = "", target = ""]: readonly string[], scope: Scope): Outcome {
  if (!/^\/\S*$/.test(written) || !target.startsWith("/")) return undecided("it needs a path and a file or folder");
  const folder = target.endsWith("/") || /(?:^|\/)cgi-bin$/.test(target);
  const place = target.replace(/(.)\/+$/, "$1");
  const path = folder && !written.endsWith("/") ? `${written}/` : written;
  scope.redirects.push({ path, cgi: folder ? { root: place } : { script: place } });
  return approximated("of what a <Directory> says of the scripts' folder only who may come in holds for them");
}

function readAlias(node: ApacheNode, scope: Scope): Outcome {
  const script = node.key.startsWith("wsgi");
  const [written = "", target = "", ...options] = node.args;
  const pattern = node.key.endsWith("match");
  const path = written.startsWith("/") ? written : `/${written}`;
  if (target === "" || /\s/.test(path) || !/^[/{]|^\$|^[A-Za-z@<_]/.test(target))
    return undecided("it needs a path and a file or folder");
  const match = pattern ? readPattern(written) : { path };
  if (match === null) return undecided(`"${written}" is no pattern that we can read`);
  const place = { match, target: pattern ? captures(target) : target, place: node.place, name: node.name };
  if (!script) {
    scope.aliases.push(place);
    return mapped();
  }
  const option = (name: string): string | null =>
    options.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  scope.scripts.push({ ...place, group: option("process-group"), callable: option("callable-object") });
  return pattern && !/\{\d\}/.test(place.target)
    ? approximated("the app sees the whole path as PATH_INFO")
    : mapped("as with mod_wsgi, the app sees Authorization only with WSGIPassAuthorization On");
}

/** `$1` as a template has it. */
function captures(target: string): string {
  return plainTemplate(target).replace(/\$(\d)/g, "{$1}");
}

function readPass(node: ApacheNode, scope: Scope, location: string | null): Outcome {
  const { rule, outcome } =
    node.key === "proxypassmatch" ? readProxyMatch(node.args, location !== null) : readProxyPass(node.args, location);
  if (rule !== null) scope.proxies.push(rule);
  return outcome;
}

function readRedirect(node: ApacheNode, scope: Scope, location: string | null): Outcome {
  const known = node.key === "redirectpermanent" ? 301 : node.key === "redirecttemp" ? 302 : null;
  const [first = ""] = node.args;
  const worded = known ?? REDIRECTS[first.toLowerCase()] ?? (/^\d{3}$/.test(first) ? Number(first) : null);
  const rest = known === null && worded !== null ? node.args.slice(1) : node.args;
  const status = worded ?? 302;
  const [from = "", to] = location !== null && rest.length === 1 ? [location, rest[0]] : rest;
  const pattern = node.key === "redirectmatch";
  const match = pattern ? readPattern(from) : { regex: prefixPattern(from) };
  if (match === null) return undecided(`"${from}" is no pattern that we can read`);
  if (status >= 400 && status <= 599) {
    scope.redirects.push({ ...match, fail: status });
    return mapped();
  }
  if (to === undefined || ![301, 302, 303, 307, 308].includes(status))
    return undecided("it needs a status of a redirect, a path and a URL");
  const query = to.includes("?") ? "" : "{is_args}{args}";
  const target = pattern ? captures(to) : `${plainTemplate(to)}{1}`;
  scope.redirects.push({ ...match, redirect: { to: `${target}${query}`, status } });
  return mapped();
}

/** What a path leaves of those under it, as the first capture. */
function prefixPattern(path: string): string {
  const escaped = path.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return path.endsWith("/") ? `^${escaped}(.*)$` : `^${escaped}((?:/.*)?)$`;
}
