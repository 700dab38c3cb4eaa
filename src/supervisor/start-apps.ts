import { ProblemList, PropylonError } from "../base/errors.ts";
import type { AppConfig } from "../config/model.ts";
import { failureError } from "./app-pool.ts";
import type { Assembly } from "./assembly.ts";

/**
 * Starts the workers of all apps, each once the programs that it comes after are up. Throws what is wrong with those that don't come
 * up; in development they are shown as broken instead.
 */
export async function startApps(assembly: Assembly, development: boolean): Promise<void> {
  const { config } = assembly;
  const starts = await Promise.allSettled(
    Object.values(config.apps).map(async (app) => {
      const pool = assembly.pools.get(app.name)!;
      const settings = assembly.settingsOf(app, config);
      await waitForPrograms(assembly, app);
      const { failure, commit, abandon } = await pool.prepare(settings, false);
      if (failure === null) {
        await commit();
        return;
      }
      await abandon();
      if (!development) throw failureError(app.name, failure);
      pool.breakDown(settings, failure);
    }),
  );
  const problems: unknown[] = starts.flatMap((start) => (start.status === "rejected" ? [start.reason] : []));
  if (problems.length === 1) throw problems[0];
  if (problems.length > 1) throw new ProblemList(problems.filter((problem) => problem instanceof PropylonError));
}

async function waitForPrograms({ programs }: Assembly, { name, after }: AppConfig): Promise<void> {
  try {
    await programs.waitFor(after);
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    const details = error.remedy === undefined ? {} : { remedy: error.remedy };
    throw new PropylonError("user", `App ${name} does not start: ${error.message}`, details);
  }
}
