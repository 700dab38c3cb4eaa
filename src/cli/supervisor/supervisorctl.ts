import path from "node:path";
import readline from "node:readline";
import { describe, PropylonError } from "../../base/errors.ts";
import type { ControlClient } from "../../control/client.ts";
import type { ReadContext } from "../../import/reading.ts";
import type { SupervisedProcess } from "../../import/supervisor/layout.ts";
import { readSupervisorConfig } from "../../import/supervisor/read.ts";
import { findInstance } from "../instance.ts";
import { ACTION_NAMES, EXIT, runAction, type Session } from "./actions.ts";
import { findConfiguration, pidFileOf } from "./supervisord.ts";
import { type OptionTable, parseWords } from "./words.ts";

const OPTIONS: OptionTable = {
  c: "configuration=",
  h: "help",
  i: "interactive",
  s: "serverurl=",
  u: "username=",
  p: "password=",
  r: "history-file=",
  v: "version",
};

const HELP = `propylon supervisorctl -- control programs run by propylon, with supervisorctl's commands

Usage: propylon supervisorctl [options] [action [arguments]]

-c/--configuration FILENAME -- configuration file path (searches if not given)
-i/--interactive -- start an interactive shell after executing commands
-s/--serverurl URL -- named in messages; the instance is found by the configuration's pidfile, or by this folder
-u, -p, -r -- taken and not needed: who may talk to the instance is decided by the system

Actions: ${ACTION_NAMES.join(" ")}
`;

export interface CtlOutput {
  write(text: string): void;
  /** Lines that are typed, for the interactive shell. */
  readonly input: NodeJS.ReadableStream;
}

/** Runs supervisorctl's command line to its end; resolves with its exit code. */
export async function supervisorctl(
  words: readonly string[],
  machine: ReadContext,
  version: string,
  output: CtlOutput,
): Promise<number> {
  const say = (text: string): void => output.write(`${text}\n`);
  let parsed: ReturnType<typeof parseWords>;
  try {
    parsed = parseWords(words, OPTIONS, "propylon supervisorctl");
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    say(error.message);
    return EXIT.invalid;
  }
  const { options, rest } = parsed;
  if (options.has("help")) {
    output.write(HELP);
    return EXIT.ok;
  }
  if (options.has("version")) {
    say(version);
    return EXIT.ok;
  }
  const found = configuration(options.get("configuration"), machine);
  if (typeof found === "string") {
    say(found);
    return EXIT.invalid;
  }
  const url = options.get("serverurl") ?? found.url;
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  const run = (name: string, args: readonly string[]): Promise<number> =>
    act(name, args, found, url, version, interrupt.signal, output);
  try {
    const [action, ...args] = rest;
    const code = action === undefined ? await run("status", []) : await run(action, args);
    if (action !== undefined && !options.has("interactive")) return code;
    return await shell(run, output);
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

// --- internal ---

interface Found {
  readonly layout: readonly SupervisedProcess[];
  readonly pidFile: string | null;
  /** The configuration's. */
  readonly folder: string | null;
  readonly url: string;
}

/** What the configuration says of names and places; without one, programs go by their own names. A text: what is wrong. */
function configuration(named: string | undefined, machine: ReadContext): Found | string {
  let file: { readonly file: string; readonly text: string };
  try {
    file = findConfiguration(named, machine);
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    return named === undefined
      ? { layout: [], pidFile: null, folder: null, url: "http://localhost:9001" }
      : error.message;
  }
  const source = { kind: "supervisor", form: "file", path: file.file, text: file.text } as const;
  const reading = readSupervisorConfig(source, machine);
  return {
    layout: reading.processes,
    pidFile: path.resolve(machine.directory, pidFileOf(file.file, file.text, machine)),
    folder: path.dirname(file.file),
    url: reading.serverUrls[0] ?? "http://localhost:9001",
  };
}

async function act(
  name: string,
  args: readonly string[],
  { layout, pidFile, folder }: Found,
  url: string,
  version: string,
  interrupted: AbortSignal,
  output: CtlOutput,
): Promise<number> {
  const write = (text: string): void => output.write(text);
  if (name === "help") {
    write(HELP);
    return EXIT.ok;
  }
  if (!(ACTION_NAMES as readonly string[]).includes(name)) {
    write(`*** Unknown syntax: ${[name, ...args].join(" ")}\n`);
    return EXIT.generic;
  }
  try {
    const instance = clientFor(pidFile, folder);
    const session: Session = { instance, layout, version, interrupted, write, now: () => new Date() };
    return (await runAction(name, args, session)) ?? EXIT.generic;
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    if (/^No propylon runs|^No instance answers|instances run in|ended before it answered/.test(error.message)) {
      write(`${url} no such file\n`);
      return name === "status" ? EXIT.unknown : EXIT.notRunning;
    }
    write(`error: ${describe(error)}\n`);
    return EXIT.generic;
  }
}

/** The instance that wrote the configuration's pid file, else the one of this folder, else the one of the configuration's. */
function clientFor(pidFile: string | null, folder: string | null): ControlClient {
  const ways = [...(pidFile === null ? [] : [{ pidFile }]), {}, ...(folder === null ? [] : [{ directory: folder }])];
  const errors: unknown[] = [];
  for (const way of ways) {
    try {
      return findInstance(way);
    } catch (error) {
      if (!(error instanceof PropylonError)) throw error;
      errors.push(error);
    }
  }
  throw errors.at(-1);
}

/** A line, an action, until the end of the input. */
async function shell(
  run: (name: string, args: readonly string[]) => Promise<number>,
  { write, input }: CtlOutput,
): Promise<number> {
  const lines = readline.createInterface({ input, terminal: false });
  write("supervisor> ");
  for await (const line of lines) {
    const [name, ...args] = line.trim().split(/\s+/);
    if (name === "quit" || name === "exit") break;
    if (name !== undefined && name !== "") await run(name, args);
    write("supervisor> ");
  }
  lines.close();
  return EXIT.ok;
}
