import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { readPattern } from "./pattern.ts";
import { plainTemplate } from "./template.ts";

/** A `ProxyPass` and its like. */
export interface ProxyRule {
  readonly path: string;
  /** ProxyPassMatch: the pattern in place of the path. */
  readonly regex: string | null;
  /** null: `!`, paths under this one are not proxied. */
  readonly proxy: Plain | null;
  /** The URL as written, which ProxyPassReverse names again. */
  readonly url: string;
  /** It stands in a `<Location>`. */
  readonly located: boolean;
}

const SCHEMES: Readonly<Record<string, string>> = {
  http: "http",
  https: "https",
  ws: "http",
  wss: "https",
  h2: "https",
  h2c: "http",
  fcgi: "fastcgi",
  scgi: "scgi",
  uwsgi: "uwsgi",
};

/** What Apache adds to requests that it passes on (ProxyAddHeaders). */
export const FORWARDED_HEADERS: Plain = {
  "X-Forwarded-For": "{proxy_add_x_forwarded_for}",
  "X-Forwarded-Host": "{http_host}",
  "X-Forwarded-Server": "{server_name}",
};

/** `ProxyPass [PATH] URL|! [key=value ...]`; in a `<Location>` the path is that of the section. */
export function readProxyPass(
  args: readonly string[],
  location: string | null,
): { readonly rule: ProxyRule | null; readonly outcome: Outcome } {
  const withPath =
    location === null || (args[0]?.startsWith("/") === true && args.length > 1 && !args[1]!.includes("="));
  const located = location !== null;
  const path = withPath ? (args[0] ?? "") : location!;
  const [url = "", ...options] = withPath ? args.slice(1) : args;
  if (url === "!") return { rule: { path, regex: null, proxy: null, url, located }, outcome: mapped() };
  const target = targetOf(url);
  if (target === null || !path.startsWith("/"))
    return { rule: null, outcome: undecided(`"${url}" is no server that we can proxy to`) };
  const proxy: Plain = { to: target.to, forwarded: false, redirects: false };
  if (target.path !== null) {
    proxy["path"] = plainTemplate(target.path);
    proxy["strip"] = path;
  } else if (path !== "/" && /^http|^[^:]*$/.test(target.to)) {
    // Behind a URL without a path comes what follows the path of the directive.
    proxy["path"] = "/";
  }
  const passed = options.filter((option) => !readOption(option, proxy));
  const outcome = passed.length === 0 ? mapped() : approximated(`without ${passed.join(" ")}`);
  return { rule: { path, regex: null, proxy, url, located }, outcome };
}

/** `ProxyPassMatch PATTERN URL|! [key=value ...]`; without a group in the URL the whole path follows it. */
export function readProxyMatch(
  [pattern = "", url = "", ...options]: readonly string[],
  located: boolean,
): { readonly rule: ProxyRule | null; readonly outcome: Outcome } {
  const nothing = (note: string) => ({ rule: null, outcome: undecided(note) });
  const read = readPattern(pattern);
  if (read === null || read.ignore_case === true) return nothing(`"${pattern}" is no pattern that we can read`);
  const rule = { path: "/", regex: read.regex, url, located };
  if (url === "!") return { rule: { ...rule, proxy: null }, outcome: mapped() };
  const split = /^((?:unix:[^|]+\|)?[a-z0-9]+:\/\/[^/$]*)([\s\S]*)$/i.exec(url);
  const target = split === null ? null : targetOf(split[1]!);
  if (target === null) return nothing(`"${url}" is no server that we can proxy to`);
  const rest = plainTemplate(split![2]!).replace(/\$(\d)/g, "{$1}");
  const proxy: Plain = { to: target.to, forwarded: false, redirects: false };
  if (/^http|^[^:]*$/.test(target.to)) {
    proxy["path"] = /\{\d\}/.test(rest) ? `${rest}{query}` : `${rest.replace(/\/$/, "")}{path}{query}`;
    proxy["strip"] = "all";
  }
  const passed = options.filter((option) => !readOption(option, proxy));
  return {
    rule: { ...rule, proxy },
    outcome: passed.length === 0 ? mapped() : approximated(`without ${passed.join(" ")}`),
  };
}

/** `http://host:80/path`, `unix:/run/a.sock|uwsgi://name/` taken apart; null: with variables, or no scheme that we speak. */
export function targetOf(url: string): { readonly to: string; readonly path: string | null } | null {
  const socket = /^unix:([^|]+)\|([a-z0-9]+):(?:\/\/[^/]*)?(\/.*)?$/i.exec(url);
  const match = /^([a-z0-9]+):\/\/([^/\s]+)(\/.*)?$/i.exec(url);
  const scheme = SCHEMES[(socket?.[2] ?? match?.[1] ?? "").toLowerCase()];
  if (/^balancer:/i.test(url) && match !== null) return { to: upstreamName(match[2]!), path: match[3] ?? null };
  if (scheme === undefined) return null;
  // With FastCGI and its like the URL's path is part of a file's name there, and what the app sees is the request's.
  const http = scheme === "http" || scheme === "https";
  if (socket !== null) return { to: `${scheme}://unix:${socket[1]!}`, path: http ? (socket[3] ?? null) : null };
  return { to: `${scheme}://${match![2]!}`, path: http ? (match![3] ?? "") || null : null };
}

/** `balancer://NAME` as the name of an upstream. */
export function upstreamName(name: string): string {
  return (
    name
      .replace(/\/+$/, "")
      .replace(/[^\w.-]/g, "-")
      .replace(/^[^A-Za-z0-9_]+/, "") || "balancer"
  );
}

// --- internal ---

/** Whether the option was understood. */
function readOption(option: string, proxy: Plain): boolean {
  const [key = "", value = ""] = option.split("=");
  switch (key.toLowerCase()) {
    case "timeout":
      if (!/^\d{1,6}$/.test(value)) return false;
      proxy["read_timeout"] = `${value}s`;
      proxy["send_timeout"] = `${value}s`;
      return true;
    case "connectiontimeout":
      if (!/^\d{1,6}(?:ms)?$/.test(value)) return false;
      proxy["connect_timeout"] = value.endsWith("ms") ? value : `${value}s`;
      return true;
    case "upgrade":
    case "nocanon":
    case "keepalive":
    case "enablereuse":
    case "disablereuse":
    case "ttl":
    case "min":
    case "max":
    case "smax":
    case "acquire":
    case "iobuffersize":
    case "receivebuffersize":
    case "flushwait":
      return true;
    case "flushpackets":
      if (/^on$/i.test(value)) proxy["buffering"] = false;
      return true;
    default:
      return false;
  }
}
