import { CounterKeeper } from "../metrics/counter-keeper.ts";
import { exposition } from "../metrics/exposition.ts";
import type { ExpositionFormat } from "../metrics/exposition-format.ts";
import { mergeFamilies } from "../metrics/merge.ts";
import { ProcessMetrics } from "../metrics/process-metrics.ts";
import { withoutClashes } from "./app-totals.ts";
import type { Assembly } from "./assembly.ts";
import { certificateFamilies } from "./certificate-metrics.ts";
import { mainFamilies } from "./main-metrics.ts";
import { residentMemory } from "./pool-status.ts";
import { programFamilies } from "./program-metrics.ts";
import { ReloadFigures } from "./reload-figures.ts";

/**
 * Longest wait for the figures of edges and workers at a scrape, ms: who is stuck or busy is told as it was last (`..._report_age_seconds`
 * says when). The rest of the 50 ms that a scrape may take is for putting the answer together.
 */
const PATIENCE = 20;

/** Puts together what `/metrics` answers: main's own figures, the programs', the workers', the apps' own and the edge's. */
export class MetricsCollector {
  readonly reloads = new ReloadFigures();
  readonly #main = new ProcessMetrics("main");
  /** What an app or a program that was removed had counted goes on when it is there again. */
  readonly #keeper = new CounterKeeper();
  readonly #about: { readonly version: string; readonly since: Date };

  constructor(about: { readonly version: string; readonly since: Date }) {
    this.#about = about;
    this.#main.start();
  }

  async collect(assembly: Assembly, format: ExpositionFormat): Promise<string> {
    const { edge, pools, programs, workers } = assembly;
    await Promise.all([edge.refresh(PATIENCE), workers.ask(PATIENCE)]);
    const processes = [
      { name: "main", pid: process.pid as number | null },
      { name: "edge 0", pid: edge.pid },
    ];
    const own = mainFamilies({
      ...this.#about,
      pools: pools.values(),
      processes: processes.flatMap(({ name, pid }) => (pid === null ? [] : [{ name, pid }])),
      edgeRestarts: edge.restarts,
      edgeAge: edge.age,
      reports: assembly.reports.counts(),
    });
    const apps = new Set(pools.keys());
    const ours = mergeFamilies([
      this.#keeper.keep([...own, ...programFamilies(programs.instances(), residentMemory)], false),
      this.#main.families(),
      this.reloads.families(),
      certificateFamilies(assembly.certificates()),
      workers.families(apps, edge.latest),
      edge.families(),
    ]);
    const { families, clashes } = withoutClashes(ours, workers.appFamilies(apps));
    for (const clash of clashes)
      workers.warnOnce(
        `app ${clash} is left out of /metrics: another family has this name (rename it, or give the app a metrics.prefix)`,
      );
    return exposition(families, format);
  }
}
