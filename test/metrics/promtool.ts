import { spawnSync } from "node:child_process";

/** Why tests that need promtool are skipped, or false. */
export const PROMTOOL_ABSENT: string | false =
  spawnSync("promtool", ["--version"]).error !== undefined && "promtool is not installed";

/** promtool parses with Prometheus' own parser, then lints; anything it has to say is a failure. */
export function complaints(text: string): string {
  const run = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  return run.status === 0 ? run.stdout + run.stderr : run.stdout + run.stderr || `exit ${run.status}`;
}
