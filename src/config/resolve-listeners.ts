import { resolve } from "node:path";
import { formatTcpAddress, parseAddress } from "./address.ts";
import { isPublicHost } from "./address-range.ts";
import type { ListenerSettings } from "./listener-schema.ts";
import type { ListenerConfig } from "./model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import { resolveTls } from "./resolve-tls.ts";
import { resolveProxyProtocol } from "./resolve-trust.ts";
import type { Settings } from "./schema.ts";
import type { Path } from "./sourced.ts";

/** The kernel's bound on a Unix socket's path (`sun_path`), the final NUL aside. */
const LONGEST_SOCKET_PATH = 107;

export function resolveListeners(
  settings: readonly ListenerSettings[],
  sites: Settings["sites"],
  trusted: readonly string[],
  context: ResolveContext,
): readonly ListenerConfig[] {
  const { problems } = context;
  const before = new Map<string, string>();
  return settings.map((listener, index) => {
    const at = ["listeners", index];
    const resolved = resolveListener(listener, at, siteHosts(sites, listener.address), trusted, context);
    const [key, everywhere] = keysOf(resolved);
    const clash = before.get(key) ?? (everywhere === null ? undefined : before.get(everywhere));
    if (clash !== undefined)
      problems.error(at, `${resolved.address} is listened on twice`, { remedy: `the first is at ${clash}` });
    else if (key !== "") before.set(key, problems.placeOf(at));
    if (resolved.path !== null && Buffer.byteLength(resolved.path) > LONGEST_SOCKET_PATH) {
      problems.error(
        at,
        `the path of this Unix socket has ${Buffer.byteLength(resolved.path)} bytes; the system takes at most ${LONGEST_SOCKET_PATH}`,
      );
    }
    if (resolved.protocol === "uwsgi" && resolved.path === null && isPublicHost(resolved.host) && !listener.public) {
      problems.error(at, `other machines could reach uwsgi at ${resolved.address} and set any variable of a request`, {
        remedy: "listen on 127.0.0.1 or a Unix socket; public: true allows it all the same",
        with: [[...at, "protocol"]],
      });
    }
    return resolved;
  });
}

/** `admin:` may be a TCP address only: the control API has a Unix socket of its own. */
export function resolveAdmin(written: string | undefined, { problems }: ResolveContext): string | null {
  if (written === undefined) return null;
  const parsed = parseAddress(written);
  if (parsed.kind === "tcp") return formatTcpAddress(parsed.host, parsed.port);
  problems.error(["admin"], `expected host:port, got "${written}"`, {
    remedy: "the control API has a Unix socket of its own, always",
  });
  return null;
}

function resolveListener(
  settings: ListenerSettings,
  at: Path,
  hosts: readonly string[],
  trusted: readonly string[],
  context: ResolveContext,
): ListenerConfig {
  const { directory, problems } = context;
  const { mode, unlink, protocol, http2 } = settings;
  const tls = settings.tls === undefined ? null : resolveTls(settings.tls, [...at, "tls"], hosts, context);
  if (tls !== null && protocol === "uwsgi")
    problems.error([...at, "tls"], "uwsgi is not spoken over TLS", { at: "key", remedy: "leave tls or protocol out" });
  const proxyProtocol = resolveProxyProtocol(settings.proxy_protocol, [...at, "proxy_protocol"], trusted, context);
  const { owner = null, group = null } = settings;
  const shared = { mode, owner, group, unlink, protocol, http2, tls, proxyProtocol };
  const parsed = parseAddress(settings.address);
  if (parsed.kind === "unix") {
    const path = resolve(directory, parsed.path);
    return { address: `unix:${path}`, host: "", port: 0, path, ...shared };
  }
  const { host, port } = parsed.kind === "tcp" ? parsed : { host: "", port: 0 };
  return { address: formatTcpAddress(host, port), host, port, path: null, ...shared };
}

/** The exact names of the sites that are served on the listener of this address. */
function siteHosts(sites: Settings["sites"], address: string): readonly string[] {
  const here = (sites ?? []).filter(({ listeners }) => listeners === undefined || listeners.includes(address));
  const names = here.flatMap(({ hosts }) => hosts ?? []).map((host) => host.toLowerCase());
  return [...new Set(names.filter((name) => /^[a-z0-9][a-z0-9.-]*$/.test(name)))];
}

/** What two listeners can't share, and its form on every network; port 0 never clashes. */
function keysOf(listener: ListenerConfig): readonly [string, string | null] {
  if (listener.path !== null) return [listener.path, null];
  if (listener.port === 0) return ["", null];
  return [listener.address, listener.host === "*" ? null : `*:${listener.port}`];
}
