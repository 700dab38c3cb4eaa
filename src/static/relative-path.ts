/**
 * What a request's path asks for under the root: empty (the root itself, without a slash), or beginning with `/`; slashes in
 * a row are one. null: never to be looked up. `path` is percent-decoded to latin-1 once, and dot segments are removed already;
 * what remains of them is refused here again, because this is the last check before the file system. Bytes are not decoded
 * any further, so double-encoded or overlong forms are just names that don't exist.
 */
export function relativePath(path: string, strip: string, dotfiles: boolean): string | null {
  if (!path.startsWith("/") || path.includes("\0") || path.includes("\\")) return null;
  const rest = stripPrefix(path, strip);
  if (rest === null) return null;
  if (rest === "") return "";
  const clean = `/${rest}`.replace(/\/{2,}/g, "/");
  // The segments of the whole path count: `/.git` stays hidden when a route `/.git/` strips it.
  const segments = path.split("/");
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    if (segment === "." || segment === "..") return null;
    // RFC 8615: well-known URIs stand at the top of the path only.
    if (segment.startsWith(".") && !dotfiles && !(i === 1 && segment === ".well-known")) return null;
  }
  return clean;
}

/** null: the path is not under the prefix, as whole segments. */
function stripPrefix(path: string, strip: string): string | null {
  if (strip === "") return path;
  if (!path.startsWith(strip)) return null;
  const rest = path.slice(strip.length);
  return strip.endsWith("/") || rest === "" || rest.startsWith("/") ? (strip.endsWith("/") ? `/${rest}` : rest) : null;
}
