/** The path with slashes in a row as one: what NGINX's `$uri` says, what routes are matched with and files are found by. */
export function mergeSlashes(path: string): string {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
}
