import { dirname, join, resolve } from "node:path";
import { approximated, Ledger, mapped, undecided } from "../ledger.ts";
import type { Reader, Reading } from "../reading.ts";
import { programName } from "../supervisor/layout.ts";
import type { Plain } from "../tree.ts";
import { readShellLine, type ShellStep } from "./command.ts";

/** Where Foreman and Honcho let the first process type listen; each further one gets 100 more. */
const FIRST_PORT = 5000;
const PORT_STEP = 100;

/**
 * `NAME: command` lines (the twelve-factor process types of Heroku, Foreman and Honcho), run in the file's folder with the
 * variables of a `.env` beside it. `release` runs to its end before the others start.
 */
export const readProcfile: Reader = (source, context) => {
  const ledger = new Ledger();
  const file = source.form === "file" ? source.path : join(context.directory, "Procfile");
  const text = source.form === "file" ? source.text : (context.readFile(file) ?? "");
  const directory = dirname(file);
  const envFile = join(directory, ".env");
  const withEnv = context.isFile(envFile);
  const programs: Plain = {};
  const taken = new Set<string>();
  const common = withEnv ? { env_file: envFile } : {};
  const known = { ...envValues(withEnv ? context.readFile(envFile) : null), ...defined(context.environment) };
  let ports = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const place = { file, line: index + 1, column: 1 };
    if (/^\s*(?:#|$)/.test(line)) continue;
    const match = /^([\w-]+):\s*(\S.*?)\s*$/.exec(line);
    if (match === null) {
      ledger.say(place, line.trim().slice(0, 60), undecided("it is no line such as NAME: command"));
      continue;
    }
    const type = match[1]!;
    const inside = /^cd\s+([\w./-]+)\s*&&\s*(\S[\s\S]*)$/.exec(match[2]!);
    const command = inside?.[2] ?? match[2]!;
    const base = { ...common, directory: resolve(directory, inside?.[1] ?? ".") };
    const release = type === "release";
    const port = known["PORT"] ?? String(FIRST_PORT + PORT_STEP * ports);
    if (!release) ports++;
    const environment = release ? {} : { environment: { PORT: port } };
    const { steps } = readShellLine(command, { ...known, PORT: port });
    let after: string | null = null;
    for (const step of steps.slice(0, -1)) {
      const name = programName(`${type}-step`, taken);
      taken.add(name);
      programs[name] = {
        ...commandOf(step),
        ...base,
        ...environment,
        once: true,
        ...(after === null ? {} : { after: [after] }),
      };
      after = name;
    }
    const last = steps.at(-1)!;
    const name = programName(type, taken);
    taken.add(name);
    programs[name] = {
      ...commandOf({ ...last, required: true }),
      ...base,
      ...environment,
      ...(release ? { once: true } : { restart: "always" }),
      ...(after === null ? {} : { after: [after] }),
    };
    ledger.say(
      place,
      type,
      release ? RELEASE : approximated(note(port, steps.length, typeof last.command === "string")),
    );
  }
  afterRelease(programs);
  if (withEnv) ledger.say({ file: envFile }, ".env", mapped("its variables are those of each process"));
  const settings = Object.keys(programs).length === 0 ? {} : { programs };
  const files = withEnv ? [file, envFile] : [file];
  return { kind: "procfile", settings: settings as Reading["settings"], doors: [], directives: ledger.all(), files };
};

// --- internal ---

const RELEASE = mapped("runs to its end before the others start, as a release does");

function note(port: string, steps: number, shell: boolean): string {
  const notes = [`PORT is ${port} for it; a process that ends is started again, where Foreman would end all of them`];
  if (steps > 1) notes.push(`its first ${steps - 1} commands are steps of their own`);
  if (shell) notes.push("a shell runs it");
  return notes.join("; ");
}

/** A step before `;` goes on whatever became of it: a shell ends well in its place. */
function commandOf({ command, required }: ShellStep): Plain {
  if (typeof command === "string") return { command: required ? command : `${command}\ntrue`, shell: true };
  return { command: required ? command : ["/bin/sh", "-c", '"$@"; true', "sh", ...command] };
}

/** Everything that has nothing else to wait for waits for `release`. */
function afterRelease(programs: Plain): void {
  if (programs["release"] === undefined) return;
  const steps = Object.keys(programs).filter((name) => /^release(?:-step.*)?$/.test(name));
  for (const [name, program] of Object.entries(programs) as [string, Plain][])
    if (!steps.includes(name) && program["after"] === undefined) program["after"] = ["release"];
}

function envValues(text: string | null): Record<string, string> {
  const result: Record<string, string> = {};
  for (const line of (text ?? "").split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match !== null) result[match[1]!] = match[2]!.replace(/^(["'])(.*)\1$/, "$2");
  }
  return result;
}

function defined(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
