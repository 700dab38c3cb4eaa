import { resolve } from "node:path";
import { didYouMean } from "../../base/did-you-mean.ts";
import type { Place } from "../../base/errors.ts";
import { joinShellWords } from "../../base/shell-words.ts";
import { approximated, ignored, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { expandValue } from "./expand.ts";
import type { IniOption, IniSection } from "./ini.ts";
import { programName, type SupervisedProcess } from "./layout.ts";
import { DEFAULT_LOG_BACKUPS, DEFAULT_LOG_BYTES, outputOf, PROGRAM_KEYS, type ProgramDraft } from "./program-keys.ts";
import { readInteger } from "./values.ts";
import { splitCommand, splitEnvironment } from "./words.ts";

const OWN_KEYS = ["command", "environment", "numprocs", "numprocs_start", "process_name"];
const FCGI_KEYS = ["socket", "socket_backlog", "socket_owner", "socket_mode"];
const KEYS = [...OWN_KEYS, ...Object.keys(PROGRAM_KEYS)];
/** More than anybody runs: a slip of the hand should not make a million processes. */
const MOST_PROCESSES = 1000;

/** What holds for all programs of the configuration. */
export interface ProgramContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where supervisord runs, absolute. */
  readonly directory: string;
  /** The folder of the configuration. */
  readonly here: string;
  readonly host: string;
  /** From `[supervisord]`: what a program has that says nothing else. */
  readonly defaults: Plain;
  /** Variables that `[supervisord]` gives to all. */
  readonly shared: Readonly<Record<string, string>>;
  readonly ledger: Ledger;
  readonly taken: Set<string>;
}

export interface ReadProgram {
  readonly programs: Plain;
  readonly processes: readonly SupervisedProcess[];
}

export function isProgramKey(key: string): boolean {
  return KEYS.includes(key);
}

/** One `[program:x]` section, its options in effect by key, as one program or, where its processes differ, several. */
export function readProgram(section: IniSection, group: string, context: ProgramContext): ReadProgram {
  const written = section.name.slice(section.name.indexOf(":") + 1).trim();
  const options = effective(section.options, context.ledger);
  const count = readCount(options, context);
  const first = number(options.get("numprocs_start"), context) ?? 0;
  const alike = count === 1 || (first === 0 && !section.options.some(usesNumber));
  const copies = alike ? 1 : count;
  const programs: Plain = {};
  const processes: SupervisedProcess[] = [];
  for (let copy = 0; copy < copies; copy++) {
    const process = first + copy;
    const key = programName(copies === 1 ? written : `${written}-${process}`, context.taken);
    const names = { ...baseNames(written, group, context), numprocs: String(count), process_num: String(process) };
    const settings = readCopy(section, options, names, context);
    if (settings === null) break;
    context.taken.add(key);
    programs[key] = copies === 1 && count > 1 ? { ...settings, instances: count } : settings;
    for (let instance = 0; instance < (alike ? count : 1); instance++) {
      const own = { ...names, process_num: String(process + instance) };
      const name = expandValue(options.get("process_name")?.value ?? "%(program_name)s", own).text;
      processes.push({ group, name, program: key, instance: alike && count > 1 ? instance : null });
    }
  }
  const others = `${copies} programs, one for each process, since they differ`;
  const called = Object.keys(programs)[0] ?? written;
  const note = copies > 1 ? others : called === written ? "" : `the program is called ${called} here`;
  if (!context.ledger.has(section.place, `[${section.name}]`))
    context.ledger.say(section.place, `[${section.name}]`, mapped(note));
  return { programs, processes };
}

// --- internal ---

/** The options that count: the last of each key. */
function effective(options: readonly IniOption[], ledger: Ledger): Map<string, IniOption> {
  const result = new Map<string, IniOption>();
  for (const option of options) {
    const before = result.get(option.key);
    if (before !== undefined)
      ledger.say(before.place, before.name, ignored(`it is set again in line ${option.place.line ?? "?"}`));
    result.set(option.key, option);
  }
  return result;
}

/** Whether processes of the section differ by more than their name. */
function usesNumber(option: IniOption): boolean {
  return option.key !== "process_name" && /%\(process_num\)/.test(option.value);
}

function baseNames(program: string, group: string, context: ProgramContext): Record<string, string> {
  return { here: context.here, program_name: program, host_node_name: context.host, group_name: group };
}

function readCount(options: ReadonlyMap<string, IniOption>, context: ProgramContext): number {
  const option = options.get("numprocs");
  const count = number(option, context) ?? 1;
  if (option === undefined) return 1;
  if (count >= 1 && count <= MOST_PROCESSES) return count;
  context.ledger.say(option.place, option.name, undecided(`${count} processes are none that can be run; 1 is taken`));
  return 1;
}

function number(option: IniOption | undefined, context: ProgramContext): number | null {
  if (option === undefined) return null;
  const { text } = expandValue(option.value, environmentNames(context.environment));
  const value = readInteger(text);
  context.ledger.say(option.place, option.name, value === null ? undecided(`"${text}" is no whole number`) : mapped());
  return value;
}

/** `ENV_X` for each variable. */
export function environmentNames(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([key, value]) =>
    value === undefined ? [] : [[`ENV_${key}`, value] as const],
  );
  return Object.fromEntries(entries);
}

/** The settings of one program of the section, each option reported; null when there is no command. */
function readCopy(
  section: IniSection,
  options: ReadonlyMap<string, IniOption>,
  names: Readonly<Record<string, string>>,
  context: ProgramContext,
): Plain | null {
  const { ledger } = context;
  const draft = newDraft();
  const variables = readEnvironment(options.get("environment"), names, context);
  const known = { ...names, ...environmentNames({ ...context.environment, ...context.shared, ...variables }) };
  const command = readCommand(section, options.get("command"), known, ledger);
  for (const option of options.values()) {
    if (OWN_KEYS.includes(option.key)) continue;
    ledger.say(option.place, option.name, readOption(section, option, known, draft));
  }
  const name = options.get("process_name");
  if (name !== undefined) ledger.say(name.place, name.name, mapped("the name that supervisorctl shows"));
  const environment = { ...context.shared, ...variables };
  if (command === null) return null;
  const directory = resolve(context.directory, String(draft.settings["directory"] ?? "."));
  return {
    ...command,
    directory,
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    restart: "unexpected",
    start_retries: 3,
    ...context.defaults,
    ...draft.settings,
    ...(draft.settings["directory"] === undefined ? {} : { directory }),
    stop_group: draft.stopAsGroup || draft.killAsGroup === true,
    ...outputs(draft, context.directory),
  };
}

function newDraft(): ProgramDraft {
  const log = { file: null, maxBytes: DEFAULT_LOG_BYTES, backups: DEFAULT_LOG_BACKUPS };
  return {
    settings: {},
    logs: { stdout: { ...log }, stderr: { ...log } },
    redirect: false,
    stopAsGroup: false,
    killAsGroup: null,
  };
}

function readOption(
  section: IniSection,
  option: IniOption,
  names: Readonly<Record<string, string>>,
  draft: ProgramDraft,
): Outcome {
  const reader = Object.hasOwn(PROGRAM_KEYS, option.key) ? PROGRAM_KEYS[option.key] : undefined;
  if (reader === undefined) return unknownKey(section, option);
  const { text, unset, slip } = expand(option.value, names);
  const outcome = unset === null ? reader(text, draft) : undecided("left out");
  const notes = [outcome.note, slip, option.slip, unset].filter((note) => note !== null && note !== "");
  const verdict = unset !== null ? "needs-a-decision" : odd(outcome, option) ? "approximated" : outcome.verdict;
  return { verdict, note: notes.join("; ") };
}

function odd(outcome: Outcome, option: IniOption): boolean {
  return outcome.verdict === "mapped" && option.slip !== null;
}

/** Names that are not known stay as they are written, and are told. */
function expand(
  value: string,
  names: Readonly<Record<string, string>>,
): { readonly text: string; readonly unset: string | null; readonly slip: string | null } {
  const { text, unknown, slip } = expandValue(value, names);
  if (unknown.length === 0) return { text, unset: null, slip };
  const variables = unknown.filter((name) => name.startsWith("ENV_")).map((name) => name.slice(4));
  const others = unknown.filter((name) => !name.startsWith("ENV_"));
  const said = [
    variables.length === 0 ? "" : `${variables.join(", ")} is not set, and supervisord would not start without it`,
    others.length === 0 ? "" : `supervisor knows no ${others.join(", ")}, and would not start`,
  ];
  return { text, unset: said.filter((part) => part !== "").join("; "), slip };
}

function unknownKey(section: IniSection, option: IniOption): Outcome {
  if (section.name.startsWith("fcgi-program:") && FCGI_KEYS.includes(option.key))
    return undecided(
      "a program does not get a FastCGI socket as its standard input here: let it open the socket itself, and name that in the proxy",
    );
  const near = didYouMean(option.key, KEYS);
  return ignored(`supervisor has no such setting and passes over it${near === undefined ? "" : `; ${near}`}`);
}

function readCommand(
  section: IniSection,
  option: IniOption | undefined,
  names: Readonly<Record<string, string>>,
  ledger: Ledger,
): Plain | null {
  if (option === undefined) {
    ledger.say(
      section.place,
      `[${section.name}]`,
      undecided("it has no command: supervisord would not start; left out"),
    );
    return null;
  }
  const { text, unset, slip } = expand(option.value, names);
  const words = splitCommand(text);
  if (words === null || words.length === 0) {
    const wrong = words === null ? "a quote in it is not closed" : "it is empty";
    ledger.say(option.place, option.name, undecided(`${wrong}: supervisord could not start it; left out`));
    return null;
  }
  const open = unset === null ? null : throughShell(words);
  const shell = open === null ? null : `${unset}; a shell looks it up at each start`;
  const notes = [slip, shell ?? unset, option.slip].filter((note) => note !== null);
  ledger.say(option.place, option.name, notes.length === 0 ? mapped() : approximated(notes.join("; ")));
  return open === null ? { command: words } : { command: open, shell: true };
}

/** The command for a shell that puts the variables in which nobody knows yet; null: other names are missing too. */
function throughShell(words: readonly string[]): string | null {
  const VARIABLE = /(%\(ENV_\w+\)[sd])/;
  const written = words.map((word) =>
    word
      .split(VARIABLE)
      .map((part) => (VARIABLE.test(part) ? `\${${part.slice(6, -2)}}` : part === "" ? "" : joinShellWords([part])))
      .join(""),
  );
  return words.some((word) => /%\((?!ENV_)/.test(word)) ? null : `exec ${written.join(" ")}`;
}

/** Variables of the program; without the list that can't be read. */
function readEnvironment(
  option: IniOption | undefined,
  names: Readonly<Record<string, string>>,
  context: ProgramContext,
): Readonly<Record<string, string>> {
  if (option === undefined) return {};
  const { text, unset, slip } = expand(option.value, { ...names, ...environmentNames(context.environment) });
  const variables = splitEnvironment(text);
  if (variables === null) {
    context.ledger.say(
      option.place,
      option.name,
      undecided('it is no list such as KEY="value",OTHER="value"; left out'),
    );
    return {};
  }
  const notes = [slip, option.slip, unset].filter((note) => note !== null);
  const outcome =
    notes.length === 0 ? mapped() : unset === null ? approximated(notes.join("; ")) : undecided(notes.join("; "));
  context.ledger.say(option.place, option.name, outcome);
  return variables;
}

function outputs({ logs, redirect }: ProgramDraft, directory: string): Plain {
  const stdout = outputOf(logs.stdout, directory);
  const same = logs.stdout.file !== null && logs.stdout.file === logs.stderr.file;
  const stderr = redirect || same ? "stdout" : outputOf(logs.stderr, directory);
  return {
    ...(stdout === undefined ? {} : { stdout }),
    ...(stderr === undefined ? {} : { stderr }),
  };
}

/** For a section that is not run: every option of it is said to go with it. */
export function passOver(section: IniSection, ledger: Ledger, place: Place, outcome: Outcome): void {
  ledger.say(place, `[${section.name}]`, outcome);
  for (const option of section.options) ledger.say(option.place, option.name, ignored("it goes with its section"));
}
