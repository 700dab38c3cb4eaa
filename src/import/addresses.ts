/** Where something listens, or what a proxy connects to. */
export type Endpoint =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * What a proxy's `to` or an upstream's target leads to: `http://127.0.0.1:5000/x`, `uwsgi://unix:/run/a.sock`,
 * `http://unix:/run/a.sock:/x`, `127.0.0.1:5000`, `unix:/run/a.sock`. null: a name, or with variables in it.
 */
export function endpointOf(written: string): Endpoint | null {
  const scheme = /^([a-z]+):\/\//.exec(written)?.[1] ?? null;
  const rest = scheme === null ? written : written.slice(scheme.length + 3);
  if (/\{\w+\}/.test(rest)) return null;
  if (rest.startsWith("unix:")) return { kind: "unix", path: socketPath(rest.slice(5).replace(/:(?:\/.*)?$/, "")) };
  const match = /^(\[[^\]]+\]|[^:/?]+)(?::(\d+))?(?=[/?]|$)/.exec(rest);
  if (match === null) return null;
  const port = match[2] === undefined ? (scheme === null ? undefined : DEFAULT_PORTS[scheme]) : Number(match[2]);
  return port === undefined ? null : { kind: "tcp", host: match[1]!.replace(/^\[|\]$/g, ""), port };
}

/** As the kernel finds it: slashes in a row are one, and `/var/run` leads to `/run` (Filesystem Hierarchy Standard 3.0, §5.13). */
function socketPath(written: string): string {
  return written.replace(/\/{2,}/g, "/").replace(/^\/var\/run\//, "/run/");
}

/** Whether a connection to `target` from this machine arrives at `door`. */
export function leadsTo(target: Endpoint, door: Endpoint): boolean {
  if (target.kind === "unix") return door.kind === "unix" && target.path === door.path;
  if (door.kind === "unix" || target.port !== door.port) return false;
  if (target.host === door.host) return true;
  return isLoopback(target.host) && (isAny(door.host) || isLoopback(door.host));
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

export function isAny(host: string): boolean {
  return host === "*" || host === "0.0.0.0" || host === "::" || host === "";
}
