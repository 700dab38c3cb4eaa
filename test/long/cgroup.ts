import fs from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { until } from "../support/instance.ts";

const ROOT = "/sys/fs/cgroup";

/**
 * A control group (version 1) of its own for one process and what that starts; null where this machine lets us have none.
 *
 * @param controller `memory` or `pids`
 * @param limits file names below the group, with what is written into each
 */
export function controlGroup(
  t: TestContext,
  controller: string,
  limits: Readonly<Record<string, string>>,
): { put(pid: number): void } | null {
  const folder = path.join(ROOT, controller, `propylon-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`);
  try {
    fs.mkdirSync(folder);
  } catch {
    return null; // not root, or no such hierarchy
  }
  try {
    for (const [file, value] of Object.entries(limits)) fs.writeFileSync(path.join(folder, file), value);
  } catch {
    fs.rmdirSync(folder);
    return null; // version 2, or a limit that this kernel does not have
  }
  return {
    put: (pid) => {
      // Now, so that whatever ends the process comes before.
      t.after(() => until(() => isRemoved(folder)));
      fs.writeFileSync(path.join(folder, "cgroup.procs"), String(pid));
    },
  };
}

/** Those who have ended are in it for a moment more. */
function isRemoved(folder: string): boolean {
  try {
    fs.rmdirSync(folder);
    return true;
  } catch {
    return !fs.existsSync(folder);
  }
}
