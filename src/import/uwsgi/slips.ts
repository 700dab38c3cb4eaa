/**
 * Options whose value is one word, a path or an address: what follows it behind ` #` or ` ;` is a comment that uWSGI takes for a
 * part of the value, and then finds no such thing. (Numbers it reads up to the first character that is none.)
 */
const ONE_WORD = new Set([
  ...["module", "wsgi-file", "callable", "mount", "chdir", "home", "pythonpath", "uid", "gid", "pidfile", "logto"],
  ...["socket", "uwsgi-socket", "http", "http-socket", "http11-socket", "chmod-socket", "chown-socket", "protocol"],
  ...["static-map", "check-static", "touch-reload", "stats"],
]);

/** The value without a comment behind it, or null where it has none. */
export function withoutComment(canonical: string, value: string | null): string | null {
  if (value === null || !ONE_WORD.has(canonical)) return null;
  const match = /^(\S+)\s+[#;]/.exec(value);
  return match === null ? null : match[1]!;
}

/** What is said of it. */
export const COMMENT_NOTE = "uWSGI knows no comment behind a value; what stands before it is taken";
