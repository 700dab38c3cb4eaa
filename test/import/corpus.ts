import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ProblemList } from "../../src/base/errors.ts";
import type { DirectiveReport, ForeignKind, Reader, Verdict } from "../../src/import/reading.ts";
import { countVerdicts } from "../../src/import/report.ts";
import { machine } from "./machine.ts";

/** Configurations of public projects, which live beside the project: PROPYLON_CORPORA, or ../shared/corpora. */
const FOLDER = path.join(
  process.env["PROPYLON_CORPORA"] ?? path.join(import.meta.dirname, "..", "..", "..", "shared", "corpora"),
  "configs",
);

/** For the `skip` of tests that read the corpus. */
export const skipCorpus = fs.existsSync(FOLDER) ? false : "the corpus of configurations is not here (PROPYLON_CORPORA)";

/** What a reader makes of every file of a folder of the corpus. Whatever it throws that is no report of wrong syntax is thrown here. */
export function readCorpus(
  folder: string,
  kind: ForeignKind,
  reader: Reader,
  chosen: (name: string) => boolean = () => true,
): {
  readonly files: number;
  readonly refused: readonly string[];
  readonly directives: readonly DirectiveReport[];
  readonly counts: Record<Verdict, number>;
} {
  const base = path.join(FOLDER, folder);
  const refused: string[] = [];
  const directives: DirectiveReport[] = [];
  const names = fs.readdirSync(base).filter(chosen);
  for (const name of names) {
    const file = path.join(base, name);
    const context = machine({}, { directory: base, cpus: os.availableParallelism() });
    try {
      directives.push(
        ...reader({ kind, form: "file", path: file, text: fs.readFileSync(file, "utf8") }, context).directives,
      );
    } catch (error) {
      if (!(error instanceof ProblemList)) throw new Error(`reading ${name} failed`, { cause: error });
      refused.push(`${name}: ${error.message}`);
    }
  }
  return { files: names.length, refused, directives, counts: countVerdicts(directives) };
}
