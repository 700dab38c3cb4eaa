import { describePlace } from "../base/errors.ts";
import type { Imported } from "./import.ts";
import type { DirectiveReport, Verdict } from "./reading.ts";

/** A directive in the JSON report. */
export interface ReportedDirective {
  readonly file: string;
  readonly line: number | null;
  readonly name: string;
  readonly verdict: Verdict;
  readonly note: string;
}

/** What machines read of an import. */
export function reportJson(imported: Imported): {
  readonly directives: readonly ReportedDirective[];
  readonly notes: readonly string[];
  readonly counts: Readonly<Record<Verdict, number>>;
} {
  const directives = imported.directives.map(({ place, name, verdict, note }) => ({
    file: place.file,
    line: place.line ?? null,
    name,
    verdict,
    note,
  }));
  return { directives, notes: imported.notes, counts: countVerdicts(imported.directives) };
}

/** What people read: a line for each directive, what was linked, and the sums. */
export function reportText(imported: Imported): string {
  const lines = imported.directives.map(
    ({ place, name, verdict, note }) => `${describePlace(place)}: ${name}: ${verdict}${note === "" ? "" : `: ${note}`}`,
  );
  return `${[...lines, ...imported.notes.map((note) => `note: ${note}`), summary(imported)].join("\n")}\n`;
}

/** `58 directives: 41 mapped, 9 approximated, 8 ignored, none needs a decision`. */
export function summary({ directives }: Imported): string {
  const counts = countVerdicts(directives);
  const undecided = counts["needs-a-decision"];
  const need =
    undecided === 0 ? "none needs a decision" : `${undecided} ${undecided === 1 ? "needs" : "need"} a decision`;
  return `${directives.length} directive${directives.length === 1 ? "" : "s"}: ${counts.mapped} mapped, ${counts.approximated} approximated, ${counts.ignored} ignored, ${need}`;
}

export function countVerdicts(directives: readonly DirectiveReport[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { mapped: 0, approximated: 0, ignored: 0, "needs-a-decision": 0 };
  for (const { verdict } of directives) counts[verdict]++;
  return counts;
}
