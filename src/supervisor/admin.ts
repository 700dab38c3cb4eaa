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
  const server = new ControlServer(adminHandler(config, handler, log));
  await server.listen(parsed.host, parsed.port);
  return server;
}

/** The control API behind what the configuration says of the token; `config.admin` is an address. */
export function adminHandler(config: Config, handler: Handler, log: Log): Handler {
  const parsed = parseAddress(config.admin ?? "");
  const tokenFile = config.adminToken ?? defaultTokenFile();
  const guard = {
    token: () => readAdminToken(tokenFile),
    tokenFile,
    failed: (reason: string) => log.error(`admin: ${reason}`),
    host: parsed.kind === "tcp" ? parsed.host : "",
    openMetrics: config.adminMetrics,
  };
  return guarded(handler, guard);
}
