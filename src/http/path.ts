import { hexDigit } from "./characters.ts";
import { bad, type Refusal } from "./refusal.ts";

/**
 * A request path as routes match it and apps see it: percent-decoded to latin-1 (one character a byte), then without dot
 * segments (RFC 3986 §5.2.4). Decoding comes first, so that `%2e%2e` and `..%2f` cannot pass; `%2F` becomes a slash, for what
 * is matched is what is served. Slashes are not merged, a backslash is a plain character. Refused: an incomplete or wrong
 * percent-encoding, `%00`, and `..` above the root.
 */
export function normalisePath(path: string): string | Refusal {
  const decoded = path.includes("%") ? decode(path) : path;
  if (typeof decoded !== "string" || !decoded.includes("/.")) return decoded;
  return removeDotSegments(decoded);
}

/**
 * The same with slashes in a row taken as one before dot segments are removed, as NGINX has it: in `/a//../b` the step up leaves `a`. For
 * paths that `normalisePath` takes; the text as it is where that makes no difference.
 */
export function mergedPath(target: string, normal: string): string | Refusal {
  if (!hasDotSegments(target)) return mergeSlashes(normal);
  const mark = target.indexOf("?");
  const decoded = decode(mark < 0 ? target : target.slice(0, mark));
  return typeof decoded === "string" ? removeDotSegments(mergeSlashes(decoded)) : decoded;
}

/** The path with slashes in a row as one: what NGINX's `$uri` says, what routes are matched with and files are found by. */
export function mergeSlashes(path: string): string {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
}

/** Whether the path of a target has a segment that is a step (`.` or `..`), encoded or not, its slashes encoded or not. */
export function hasDotSegments(target: string): boolean {
  if (!target.includes("/.") && !target.includes("%2")) return false;
  const mark = target.indexOf("?");
  return DOT_SEGMENT.test(mark < 0 ? target : target.slice(0, mark));
}

const DOT_SEGMENT = /(?:\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)/i;

function decode(path: string): string | Refusal {
  let at = path.indexOf("%");
  let plainFrom = 0;
  let decoded = "";
  while (at >= 0) {
    const high = hexDigit(path.charCodeAt(at + 1));
    const low = hexDigit(path.charCodeAt(at + 2));
    if (high < 0 || low < 0) return bad(`the path has the percent-encoding ${JSON.stringify(path.slice(at, at + 3))}`);
    if (high === 0 && low === 0) return bad("the path has a NUL");
    decoded += path.slice(plainFrom, at) + String.fromCharCode(high * 16 + low);
    plainFrom = at + 3;
    at = path.indexOf("%", plainFrom);
  }
  return decoded + path.slice(plainFrom);
}

function removeDotSegments(path: string): string | Refusal {
  const segments = path.split("/");
  const kept: string[] = [];
  // segments[0] is the nothing before the first slash.
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i]!;
    const last = i === segments.length - 1;
    if (segment === "..") {
      if (kept.pop() === undefined) return bad("the path leaves the root");
      if (last) kept.push("");
    } else if (segment === ".") {
      if (last) kept.push("");
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join("/")}`;
}
