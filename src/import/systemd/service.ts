import { joinShellWords } from "../../base/shell-words.ts";
import { serverCommand } from "../command-kind.ts";
import { approximated, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { ReadContext } from "../reading.ts";
import { programName } from "../supervisor/layout.ts";
import type { Plain } from "../tree.ts";
import { type ExecCommand, readExec } from "./exec.ts";
import { noteFor } from "./notes.ts";
import { SERVICE_OPTIONS, type ServiceDraft } from "./service-options.ts";
import { expandSpecifiers, specifiers } from "./specifiers.ts";
import type { UnitOption } from "./unit-file.ts";
import { readListenAddress } from "./values.ts";
import { readAssignments } from "./words.ts";

const STOP_SIGNALS = ["TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2"];
const NUMBERS: Readonly<Record<string, string>> = { 1: "HUP", 2: "INT", 3: "QUIT", 9: "KILL", 15: "TERM" };

/** What a service is read with. */
export interface ServiceContext {
  /** `gunicorn.service`. */
  readonly unit: string;
  readonly folder: string;
  readonly machine: ReadContext;
  /** Addresses of the socket unit of the same name. */
  readonly sockets: readonly string[];
  readonly ledger: Ledger;
}

/** The programs of one service unit: its process, with steps before and after it. */
export function readService(options: readonly UnitOption[], context: ServiceContext): Plain {
  const { ledger, unit } = context;
  const letters = specifiers(unit);
  const draft: ServiceDraft = {
    settings: { directory: "/" },
    base: context.folder,
    type: "simple",
    directories: new Map(),
    directoryModes: new Map(),
  };
  const lists = new Map<string, UnitOption[]>();
  for (const written of options) {
    const option = { ...written, value: expandSpecifiers(written.value, letters) };
    const list = lists.get(option.name) ?? [];
    if (option.value === "") lists.set(option.name, []);
    else lists.set(option.name, [...list, option]);
    if (!LISTS.has(option.name)) ledger.say(option.place, option.name, readOption(option, draft));
    else if (option.value === "") ledger.say(option.place, option.name, mapped("takes back what was said before it"));
  }
  const variables = readVariables(lists, context, draft);
  const name = programName(unit.replace(/\.service$/, "").replace(/@.*$/, ""), new Set());
  return assemble(name, lists, variables, draft, context);
}

// --- internal ---

/** Options that add up, and are read together. */
const LISTS = new Set([
  "Environment",
  "EnvironmentFile",
  "ExecStart",
  "ExecStartPre",
  "ExecStartPost",
  "ExecCondition",
  "ExecReload",
  "ExecStop",
  "ExecStopPost",
]);

function readOption(option: UnitOption, draft: ServiceDraft): Outcome {
  if (option.value === "") return mapped("takes back what was said before it");
  const reader = Object.hasOwn(SERVICE_OPTIONS, option.name) ? SERVICE_OPTIONS[option.name] : undefined;
  if (reader !== undefined) return reader(option.value, draft);
  return noteFor(option.name) ?? undecided("it is no option that we know: does the program depend on it?");
}

/** Sets the program's variables; returns what `$NAME` in commands stands for. */
function readVariables(
  lists: ReadonlyMap<string, readonly UnitOption[]>,
  { ledger, machine }: ServiceContext,
  { settings, directories }: ServiceDraft,
): Readonly<Record<string, string | undefined>> {
  const own: Record<string, string> = {};
  for (const option of lists.get("Environment") ?? []) {
    const assignments = readAssignments(option.value.replace(/\s#.*$/, ""));
    if (assignments === null) {
      ledger.say(option.place, option.name, undecided("it is no list of NAME=value; left out"));
      continue;
    }
    Object.assign(own, assignments);
    const literal = Object.values(assignments).some((value) => value.includes("$"));
    const note = "the dollar sign stands for itself, with systemd too: no variable is put in";
    ledger.say(option.place, option.name, mapped(literal ? note : ""));
  }
  const files: string[] = [];
  const fromFiles: Record<string, string> = {};
  for (const option of lists.get("EnvironmentFile") ?? []) {
    const optional = option.value.startsWith("-");
    const path = option.value
      .replace(/^-/, "")
      .replace(/\s#.*$/, "")
      .replace(/^"(.*)"$/, "$1");
    const text = machine.readFile(path);
    if (text === null && optional) {
      ledger.say(
        option.place,
        option.name,
        approximated("the file is not there, so it is left out; add it to env_file when it comes"),
      );
      continue;
    }
    files.push(path);
    Object.assign(fromFiles, text === null ? {} : valuesOf(text));
    ledger.say(option.place, option.name, mapped(text === null ? "the file is not there now" : ""));
  }
  // A file wins over Environment= in systemd; env_file does not win over environment here.
  for (const name of Object.keys(fromFiles)) delete own[name];
  for (const [kind, paths] of directories)
    own[`${kind.replace("Directory", "").toUpperCase()}_DIRECTORY`] = paths.join(":");
  if (Object.keys(own).length > 0) settings["environment"] = own;
  if (files.length > 0) settings["env_file"] = files;
  return { ...own, ...fromFiles };
}

function valuesOf(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match !== null) result[match[1]!] = match[2]!.replace(/^(["'])(.*)\1$/, "$2");
  }
  return result;
}

function assemble(
  name: string,
  lists: ReadonlyMap<string, readonly UnitOption[]>,
  variables: Readonly<Record<string, string | undefined>>,
  draft: ServiceDraft,
  context: ServiceContext,
): Plain {
  const { ledger } = context;
  const { settings } = draft;
  const programs: Plain = {};
  const taken = new Set([name]);
  let before: string | null = null;
  const step = (key: string, command: Plain, privileged: boolean, after: string | null): string => {
    const free = programName(key, taken);
    taken.add(free);
    const { user: _user, group: _group, ...unprivileged } = common(settings);
    programs[free] = {
      ...command,
      ...(privileged ? unprivileged : common(settings)),
      once: true,
      ...(after === null ? {} : { after: [after] }),
    };
    return free;
  };
  for (const [kind, paths] of draft.directories) {
    const owner = [
      ...(settings["user"] === undefined ? [] : ["-o", String(settings["user"])]),
      ...(settings["group"] === undefined ? [] : ["-g", String(settings["group"])]),
    ];
    const mode = draft.directoryModes.get(kind) ?? "0755";
    before = step(`${name}-folders`, { command: ["install", "-d", "-m", mode, ...owner, ...paths] }, true, before);
  }
  for (const option of [...(lists.get("ExecCondition") ?? []), ...(lists.get("ExecStartPre") ?? [])]) {
    const commands = report(option, variables, ledger, mapped("a step that has to end well before the program starts"));
    for (const command of commands) before = step(`${name}-pre`, stepCommand(command), command.privileged, before);
  }
  const starts = lists.get("ExecStart") ?? [];
  let main: string | null = null;
  for (const option of starts) {
    const commands = report(option, variables, ledger, mapped());
    for (const [index, command] of commands.entries()) {
      const last = option === starts.at(-1) && index === commands.length - 1;
      if (!last) {
        before = step(`${name}-step`, stepCommand(command), command.privileged, before);
        continue;
      }
      main = name;
      programs[name] = {
        ...mainCommand(command, context),
        restart: "never",
        start_time: draft.type === "notify" || draft.type === "dbus" ? "1s" : "0s",
        stop_timeout: "90s",
        ...settings,
        ...(settings["once"] === true ? { restart: "unexpected" } : {}),
        ...(before === null ? {} : { after: [before] }),
      };
    }
  }
  for (const option of lists.get("ExecStartPost") ?? []) {
    const commands = report(option, variables, ledger, mapped("a step that runs when the program is up"));
    for (const command of commands) step(`${name}-post`, stepCommand(command), command.privileged, main);
  }
  for (const option of lists.get("ExecReload") ?? [])
    ledger.say(
      option.place,
      option.name,
      approximated(
        "propylon reload looks after what changed in the configuration; propylon restart and signals reach the program",
      ),
    );
  const process = main === null ? undefined : (programs[main] as Plain);
  for (const option of lists.get("ExecStop") ?? [])
    ledger.say(option.place, option.name, readStop(option.value, process));
  for (const option of lists.get("ExecStopPost") ?? [])
    ledger.say(
      option.place,
      option.name,
      undecided("nothing is run after a program has ended: does the next start need it?"),
    );
  return programs;
}

/** What a step shares with its program. */
function common(settings: Plain): Plain {
  const keys = ["directory", "user", "group", "umask", "limits", "environment", "env_file"];
  return Object.fromEntries(keys.filter((key) => settings[key] !== undefined).map((key) => [key, settings[key]]));
}

function report(
  option: UnitOption,
  variables: Readonly<Record<string, string | undefined>>,
  ledger: Ledger,
  outcome: Outcome,
): readonly ExecCommand[] {
  const commands = readExec(option.value, variables);
  if (commands === null) {
    ledger.say(option.place, option.name, undecided("it is no command that systemd would take; left out"));
    return [];
  }
  const missing = [...new Set(commands.flatMap((command) => command.missing))];
  const note = `${missing.join(", ")} is not set by the unit, so nothing stands in its place, as with systemd`;
  ledger.say(option.place, option.name, missing.length === 0 ? outcome : approximated(note));
  return commands;
}

function stepCommand({ words, mayFail }: ExecCommand): Plain {
  return { command: mayFail ? ["/bin/sh", "-c", '"$@"; true', "sh", ...words] : words };
}

/** Gunicorn opens the socket unit's sockets itself: it gets no descriptors here. */
function mainCommand({ words }: ExecCommand, { sockets }: ServiceContext): Plain {
  const server = sockets.length === 0 ? null : serverCommand(words);
  const bound = words.some((word) => /^(?:-b|--bind)/.test(word));
  if (server?.kind !== "gunicorn" || bound) return { command: words };
  const addresses = sockets.map(readListenAddress).filter((address) => address !== null);
  return { command: [...words, ...addresses.flatMap((address) => ["--bind", address])] };
}

/** `kill -s TERM $MAINPID` is the stop signal. */
function readStop(value: string, program: Plain | undefined): Outcome {
  const match = /^-?(?:\/usr)?(?:\/bin\/)?kill\s+(?:-s\s+|-)?(?:SIG)?(\w+)?\s*\$\{?MAINPID\}?$/.exec(value);
  const signal = match === null ? null : (NUMBERS[match[1] ?? "15"] ?? match[1] ?? "TERM");
  if (signal === null || program === undefined || !STOP_SIGNALS.includes(signal)) {
    const note = `not run: the program gets ${String(program?.["stop_signal"] ?? "TERM")}, and is killed when it stays`;
    return approximated(`${note}; ${joinShellWords([value])} did it otherwise`);
  }
  program["stop_signal"] = signal;
  return mapped();
}
