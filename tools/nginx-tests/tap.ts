/** What one file of the suite found. */
export interface FileResult {
  readonly file: string;
  /** Checks that the file planned, without the two that the harness adds to each. */
  readonly planned: number;
  readonly passed: number;
  /** Names of checks that did not pass. */
  readonly failures: readonly string[];
  /** Why the file ran nothing, or null. */
  readonly skipped: string | null;
}

/** The checks of the harness itself, at the end of each file. */
const OF_THE_HARNESS = /^(no alerts|no sanitizer errors)$/;

/** Reads what a test file printed: https://testanything.org. A check marked TODO or SKIP counts by its "ok", as `prove` has it. */
export function countChecks(file: string, tap: string): FileResult {
  const none = /^1\.\.0(?: # SKIP (.*))?$/m.exec(tap);
  if (none !== null) return { file, planned: 0, passed: 0, failures: [], skipped: none[1] ?? "skipped" };
  const plan = /^1\.\.(\d+)$/m.exec(tap);
  if (plan === null) return { file, planned: 0, passed: 0, failures: [], skipped: "no plan" };
  let passed = 0;
  const failures: string[] = [];
  for (const [, not, text] of tap.matchAll(/^(not )?ok \d+(?: - (.*))?$/gm)) {
    const [name, directive] = (text ?? "").split(/ # (?=TODO|SKIP)/i);
    if (OF_THE_HARNESS.test(name ?? "")) continue;
    if (not === undefined || directive?.toUpperCase().startsWith("TODO")) passed++;
    else failures.push(name ?? "");
  }
  return { file, planned: Math.max(0, Number(plan[1]) - 2), passed, failures, skipped: null };
}
