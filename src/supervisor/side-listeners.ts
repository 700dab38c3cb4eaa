import { isDeepStrictEqual } from "node:util";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/model.ts";
import type { ControlServer } from "../control/server.ts";
import type { Handler } from "../http/exchange.ts";
import { adminHandler, listenForAdmin } from "./admin.ts";
import { StatsServer } from "./stats-server.ts";

export interface SideListenerParts {
  readonly log: Log;
  /** Of the control API. */
  readonly handler: Handler;
  /** uWSGI's statistics. */
  readonly statistics: () => Promise<unknown>;
}

/** Time for answers of the control API in flight when a listener goes, ms. */
const LAST_ANSWERS = 500;

/** What main itself serves beside its control socket: `admin` and `uwsgi_stats`. They change with the rest of the configuration. */
export class SideListeners {
  readonly #parts: SideListenerParts;
  #admin: ControlServer | null = null;
  #stats: StatsServer | null = null;

  constructor(parts: SideListenerParts) {
    this.#parts = parts;
  }

  async open(config: Config): Promise<void> {
    const { handler, log } = this.#parts;
    this.#admin = await listenForAdmin(config, handler, log);
    this.#stats = await this.#listenForStats(config);
  }

  /** Opens what the next configuration has anew; the function returned lets the old go, or, when it was not `done`, the new. */
  async prepare(before: Config, next: Config): Promise<(done: boolean) => Promise<void>> {
    const { handler, log } = this.#parts;
    const oldAdmin = this.#admin;
    const oldStats = this.#stats;
    const admin = next.admin === before.admin ? oldAdmin : await listenForAdmin(next, handler, log);
    const changed = !isDeepStrictEqual(next.uwsgiStats, before.uwsgiStats);
    let stats = oldStats;
    try {
      // A TCP address that stays is not bound twice: another shape is all that can have changed.
      const stays = next.uwsgiStats?.path === null && next.uwsgiStats.address === oldStats?.address;
      if (changed && !stays) stats = await this.#listenForStats(next, oldStats?.address);
    } catch (error) {
      if (admin !== oldAdmin) await admin?.close(LAST_ANSWERS);
      throw error;
    }
    return async (done) => {
      this.#admin = done ? admin : oldAdmin;
      if (done) admin?.use(adminHandler(next, handler, log));
      this.#stats = done ? stats : oldStats;
      if (done && next.uwsgiStats !== null) this.#stats?.use(next.uwsgiStats);
      if (admin !== oldAdmin) await (done ? oldAdmin : admin)?.close(LAST_ANSWERS);
      if (stats !== oldStats) await (done ? oldStats : stats)?.close();
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin?.close(LAST_ANSWERS), this.#stats?.close()]);
  }

  async #listenForStats({ uwsgiStats }: Config, ours?: string): Promise<StatsServer | null> {
    if (uwsgiStats === null) return null;
    const { statistics, log } = this.#parts;
    const failed = (error: unknown): void => log.error(`the statistics can't be told: ${String(error)}`);
    const server = new StatsServer(uwsgiStats, { document: statistics, failed });
    await server.listen(ours === uwsgiStats.address);
    return server;
  }
}
