import type { Log } from "../base/log.ts";
import { parseAddress } from "../config/address.ts";
import type { Config } from "../config/model.ts";
import { guarded } from "../control/admin-guard.ts";
import { defaultTokenFile, readAdminToken } from "../control/admin-token.ts";
import { ControlServer } from "../control/server.ts";
import type { Handler } from "../http/exchange.ts";

/** Serves the control API on the configuration's `admin` address, to who holds the token; null: there is no such address. */
export async function listenForAdmin(config: Config, handler: Handler, log: Log): Promise<ControlServer | null> {
  const parsed = config.admin === null ? null : parseAddress(config.admin);
  if (parsed?.kind !== "tcp") return null;
  const tokenFile = config.adminToken ?? defaultTokenFile();
  const guard = {
    token: () => readAdminToken(tokenFile),
    tokenFile,
    failed: (reason: string) => log.error(`admin: ${reason}`),
    host: parsed.host,
    openMetrics: config.adminMetrics,
  };
  const server = new ControlServer(guarded(handler, guard));
  await server.listen(parsed.host, parsed.port);
  return server;
}

/** Whether the listener of the one serves the other as well. */
export function sameAdmin(a: Config, b: Config): boolean {
  return a.admin === b.admin && a.adminToken === b.adminToken && a.adminMetrics === b.adminMetrics;
}
