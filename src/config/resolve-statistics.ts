import { resolve } from "node:path";
import { formatTcpAddress, parseAddress } from "./address.ts";
import { isPublicHost } from "./address-range.ts";
import type { UwsgiStatsConfig } from "./model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import type { UwsgiStatsSettings } from "./statistics-schema.ts";

/** `uwsgi_stats`; an address that other machines reach is taken, as uWSGI takes it, with a warning. */
export function resolveUwsgiStats(
  settings: UwsgiStatsSettings | undefined,
  { directory, problems }: ResolveContext,
): UwsgiStatsConfig | null {
  if (settings === undefined) return null;
  const { http, minified, mode, owner = null, group = null } = settings;
  const shared = { http, minified, mode, owner, group };
  const parsed = parseAddress(settings.address);
  if (parsed.kind === "unix") {
    const path = resolve(directory, parsed.path);
    return { address: `unix:${path}`, host: "", port: 0, path, ...shared };
  }
  const { host, port } = parsed.kind === "tcp" ? parsed : { host: "", port: 0 };
  const address = formatTcpAddress(host, port);
  if (isPublicHost(host))
    problems.warn(
      ["uwsgi_stats"],
      `other machines can read the statistics at ${address}, the URLs of running requests included`,
      {
        remedy: "tell them on 127.0.0.1 or a Unix socket",
      },
    );
  return { address, host, port, path: null, ...shared };
}
