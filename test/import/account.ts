import fs from "node:fs";
import path from "node:path";
import { settingsSchema } from "../../src/config/schema.ts";
import type { DirectiveReport, ForeignKind, Reader, Reading } from "../../src/import/reading.ts";
import { machine } from "./machine.ts";

/** The folder of public configurations that the readers are measured on, or null where there is none. */
export function corpusFolder(): string | null {
  const configs = path.join(
    process.env["PROPYLON_CORPORA"] ?? path.join(import.meta.dirname, "..", "..", "..", "shared", "corpora"),
    "configs",
  );
  return fs.existsSync(configs) ? configs : null;
}

/** What one reader made of the files of one folder. */
export interface Account {
  readonly files: readonly { readonly name: string; readonly text: string; readonly reading: Reading }[];
  readonly directives: readonly DirectiveReport[];
  /** Shares of the directives, from 0 to 1: without a decision, and mapped or approximated. */
  readonly settled: number;
  readonly used: number;
  /** `FILE: what is wrong` for settings that propylon.yaml would not take. */
  readonly invalid: readonly string[];
}

export function account(
  folder: string,
  kind: ForeignKind,
  reader: Reader,
  wanted: (name: string) => boolean = () => true,
): Account {
  const base = path.join(corpusFolder()!, folder);
  const files = fs
    .readdirSync(base)
    .filter(wanted)
    .sort()
    .map((name) => {
      const file = path.join(base, name);
      const text = fs.readFileSync(file, "utf8");
      const context = machine({ [file]: text }, { directory: "/srv/site", environment: { USER: "site" } });
      return { name, text, reading: reader({ kind, form: "file", path: file, text }, context) };
    });
  const directives = files.flatMap(({ reading }) => reading.directives);
  const share = (verdicts: readonly string[]): number =>
    directives.filter(({ verdict }) => verdicts.includes(verdict)).length / Math.max(1, directives.length);
  return {
    files,
    directives,
    settled: share(["mapped", "approximated", "ignored"]),
    used: share(["mapped", "approximated"]),
    invalid: files.flatMap(({ name, reading }) => problemsOf(reading).map((problem) => `${name}: ${problem}`)),
  };
}

/** What the schema of propylon.yaml says against what a reader wrote. */
export function problemsOf(reading: Reading): readonly string[] {
  const parsed = settingsSchema.safeParse(reading.settings);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
}

/** `FILE:LINE: TEXT` of each line that a reader has to account for and did not. */
export function unaccounted({ files }: Account, isDirective: (line: string) => boolean): readonly string[] {
  return files.flatMap(({ name, text, reading }) => {
    const told = new Set(reading.directives.map(({ place }) => place.line));
    return text
      .split("\n")
      .flatMap((line, index) => (isDirective(line) && !told.has(index + 1) ? [`${name}:${index + 1}: ${line}`] : []));
  });
}
