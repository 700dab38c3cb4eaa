import { exposition } from "../metrics/exposition.ts";
import { mergeFamilies } from "../metrics/merge.ts";
import type { Assembly } from "./assembly.ts";
import { mainFamilies } from "./main-metrics.ts";
import { residentMemory } from "./pool-status.ts";
import { programFamilies } from "./program-metrics.ts";

/** The exposition of everything: main's own figures, the programs', the edge's. */
export async function collectMetrics(
  { edge, pools, programs }: Assembly,
  about: { readonly version: string; readonly since: Date },
): Promise<string> {
  const workers = [...pools.values()].flatMap((pool) => pool.workers());
  const processes = [
    { name: "main", pid: process.pid as number | null },
    { name: "edge 0", pid: edge.pid },
    ...workers,
  ];
  const own = mainFamilies({
    ...about,
    pools: pools.values(),
    processes: processes.flatMap(({ name, pid }) => (pid === null ? [] : [{ name, pid }])),
    edgeRestarts: edge.restarts,
  });
  const kept = programFamilies(programs.instances(), residentMemory);
  return exposition(mergeFamilies([own, kept, await edge.families()]));
}
