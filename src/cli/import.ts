import fs from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { hasCode, PropylonError } from "../base/errors.ts";
import { countVerdicts, reportJson, reportText, summary } from "../import/report.ts";
import { writeYaml } from "../import/write-yaml.ts";
import { importPortable } from "./foreign.ts";

/** Exit code of an import that went well, but in which something needs a decision. */
const UNDECIDED = 3;

interface ImportFlags {
  readonly as?: string;
  readonly with: readonly string[];
  readonly output?: string;
  readonly report?: string;
  readonly force?: boolean;
}

/** `propylon import`, to be added to the program. */
export function importCommand(): Command {
  return new Command("import")
    .description("turn the configuration of other programs into one propylon.yaml, with a report of every directive")
    .argument("[FILE...]", "nginx.conf, uwsgi.ini, gunicorn.conf.py, supervisord.conf, a vhost, a unit, a Procfile ...")
    .option("-o, --output <file>", "write the propylon.yaml there (default: stdout)")
    .option("--force", "overwrite the output file")
    .option("--with <command>", "a server's command line, such as 'gunicorn app:app'; may be repeated", collect, [])
    .option("--as <kind>", "the kind of the files, where their content does not say it")
    .option("--report <format>", "print the report alone: text or json")
    .action((files: string[], flags: ImportFlags) => runImport(files, flags))
    .addHelpText(
      "after",
      `\nExit codes: 0 everything is settled, ${UNDECIDED} something needs a decision, 1 a file is wrong.`,
    );
}

// --- internal ---

function runImport(files: readonly string[], flags: ImportFlags): void {
  const { report } = flags;
  if (report !== undefined && report !== "text" && report !== "json")
    throw new PropylonError("usage", `--report ${report} is no format`, {
      remedy: "write --report text or --report json",
    });
  if (files.length === 0 && flags.with.length === 0)
    throw new PropylonError("usage", "Nothing was given to import", {
      remedy: "name files, or give --with 'gunicorn app:app'",
    });
  const imported = importPortable({ files, as: flags.as ?? null, commands: flags.with }, process.cwd());
  if (flags.output !== undefined) write(flags.output, writeYaml(imported), flags.force === true);
  if (report === "json") process.stdout.write(`${JSON.stringify(reportJson(imported), null, 2)}\n`);
  else if (report === "text") process.stdout.write(reportText(imported));
  else if (flags.output === undefined) process.stdout.write(writeYaml(imported));
  if (report === undefined) process.stderr.write(`propylon: ${summary(imported)}; --report text shows each\n`);
  if (countVerdicts(imported.directives)["needs-a-decision"] > 0) process.exitCode = UNDECIDED;
}

function write(file: string, text: string, force: boolean): void {
  const absolute = path.resolve(file);
  try {
    fs.writeFileSync(absolute, text, { flag: force ? "w" : "wx" });
  } catch (cause) {
    if (hasCode(cause, "EEXIST"))
      throw new PropylonError("user", `${file} exists already`, {
        remedy: "name another file, or give --force",
        cause,
      });
    throw new PropylonError("user", `Cannot write ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

// Not a variadic option, which would take the arguments behind it for its own.
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
