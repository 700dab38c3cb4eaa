import type { ApacheNode } from "./parse.ts";
import { readPattern } from "./pattern.ts";
import { upstreamName } from "./proxy.ts";
import type { AreaOptions } from "./scope.ts";

/** What a path with `*`, `?` or a regular expression covers: itself and all beneath. */
export function areaOf(written: string, pattern: boolean): Omit<AreaOptions, "options" | "rewritten"> | null {
  if (pattern || /[*?[]/.test(written)) {
    const text = pattern ? written : `^${globPattern(written.replace(/\/+$/, ""))}(?:/|$)`;
    const read = readPattern(text);
    // One that only Apache's engine knows would cover less than it says.
    if (read === null) return null;
    const ignoreCase = read.ignore_case === true;
    const expression = new RegExp(read.regex, ignoreCase ? "i" : "");
    return { path: null, pattern: read.regex, ignoreCase, covers: (path) => expression.test(path) };
  }
  const base = written.replace(/\/+$/, "");
  return {
    path: base === "" ? "/" : base,
    pattern: null,
    ignoreCase: false,
    covers: (path) => path === base || `${path}/`.startsWith(`${base}/`),
  };
}

/** Which URLs a `<Proxy>` is about: `*`, a beginning, or a pattern. */
export function proxied({ key, args }: ApacheNode): ((url: string) => boolean) | null {
  const [first = "", second = ""] = args;
  const pattern = key === "proxymatch" ? first : first === "~" ? second : null;
  if (pattern !== null) {
    const read = readPattern(pattern);
    return read === null ? null : (url) => new RegExp(read.regex).test(url);
  }
  if (first === "*") return () => true;
  const written = upstreamOr(first);
  return (url) => url.startsWith(written) || (first.includes("*") && new RegExp(`^${globPattern(first)}`).test(url));
}

/** A name with `*` and `?` as a pattern. */
export function globPattern(text: string): string {
  return text
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
}

// --- internal ---

/** A balancer goes by the name of its upstream. */
function upstreamOr(url: string): string {
  const balancer = /^balancer:\/\/(.+)$/.exec(url)?.[1];
  return balancer === undefined ? url.replace(/\/+$/, "") : upstreamName(balancer);
}
