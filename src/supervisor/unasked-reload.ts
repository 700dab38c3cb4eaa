import { describe, PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

/** Reloads for a reason that nobody waits for, a signal or a file that was touched: what came of it is in the log. */
export async function unaskedReload(log: Log, what: string, reload: () => Promise<unknown>): Promise<void> {
  log.info(`reloads ${what}`);
  try {
    await reload();
  } catch (error) {
    const text = error instanceof PropylonError ? describe(error) : String(error);
    log.error(`the configuration stays as it was: ${text}`);
  }
}
