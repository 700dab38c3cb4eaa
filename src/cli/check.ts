import { Command } from "commander";
import { describe, type PropylonError } from "../base/errors.ts";
import { type Inspection, inspectConfig, type LoadOptions, shownPath } from "../config/load.ts";

export interface CheckOptions {
  /** Check with this profile alone; null: without one (or with `PROPYLON_PROFILE`), and then with every profile of the file. */
  readonly profile: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly set?: readonly string[];
}

/** What `propylon check` found in one file. */
export interface CheckReport {
  readonly file: string;
  readonly errors: readonly PropylonError[];
  readonly warnings: readonly PropylonError[];
}

/** `propylon check`, to be added to the program. */
export function checkCommand(): Command {
  return new Command("check")
    .description("check a configuration: every problem at once, each with its place")
    .argument("[FILE...]", "propylon.yaml, or a folder that holds one", ["."])
    .option("--profile <P>", "check with this profile only (default: with each)")
    .option("--set <KEY=VALUE>", "override a setting, as `run` does (repeatable)", collect, [])
    .option("--json", "print the problems as JSON")
    .action((files: string[], options: { profile?: string; json?: boolean; set?: string[] }) => {
      const { profile = null, json = false, set = [] } = options;
      const reports = checkFiles(files, { profile, set, environment: process.env, directory: process.cwd() });
      process.stdout.write(json ? checkJson(reports) : checkText(reports));
      if (reports.some(({ errors }) => errors.length > 0)) process.exitCode = 1;
    });
}

/** Checks each file with the profile asked for, or with each that it has. */
export function checkFiles(files: readonly string[], options: CheckOptions): readonly CheckReport[] {
  return files.map((file) => {
    const { environment, directory, set = [] } = options;
    const common: LoadOptions = { file, profile: options.profile, environment, directory, flags: { set } };
    const first = inspectConfig(common);
    const others =
      options.profile === null ? first.profiles.filter((name) => name !== environment["PROPYLON_PROFILE"]) : [];
    const all = [first, ...others.map((profile) => inspectConfig({ ...common, profile, missingVariables: "warn" }))];
    const errors = distinct(all, "errors");
    const known = new Set(errors.map(describe));
    return {
      file: first.file === null ? file : shownPath(first.file, directory),
      errors,
      warnings: distinct(all, "warnings").filter((warning) => !known.has(describe(warning))),
    };
  });
}

/** What people read: the problems, then a line for each file without. */
export function checkText(reports: readonly CheckReport[]): string {
  const lines = reports.flatMap(({ file, errors, warnings }) => [
    ...errors.map(describe),
    ...warnings.map((warning) => describe(warning).replace(warning.message, `warning: ${warning.message}`)),
    errors.length === 0
      ? `${file}: no problems${warnings.length > 0 ? `, ${countOf(warnings.length, "warning")}` : ""}`
      : `${file}: ${countOf(errors.length, "problem")}`,
  ]);
  return `${lines.join("\n")}\n`;
}

/** What machines read: `[{file, line, column, severity, message, remedy}]`. */
export function checkJson(reports: readonly CheckReport[]): string {
  const items = reports.flatMap(({ file, errors, warnings }) => [
    ...errors.map((error) => jsonOf(error, "error", file)),
    ...warnings.map((warning) => jsonOf(warning, "warning", file)),
  ]);
  return `${JSON.stringify(items, null, 2)}\n`;
}

function jsonOf(
  { place, message, remedy }: PropylonError,
  severity: "error" | "warning",
  file: string,
): Record<string, unknown> {
  return {
    file: place?.file ?? file,
    line: place?.line ?? null,
    column: place?.column ?? null,
    severity,
    message,
    remedy: remedy ?? null,
  };
}

/** The same setting is in effect with several profiles, so its problem is found several times. */
function distinct(inspections: readonly Inspection[], key: "errors" | "warnings"): readonly PropylonError[] {
  return [
    ...new Map(
      inspections.flatMap((inspection) => inspection[key]).map((problem) => [describe(problem), problem]),
    ).values(),
  ];
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// Not a variadic option, which would take the arguments behind it for its own.
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
