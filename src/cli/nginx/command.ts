import path from "node:path";
import { describePlace, ProblemList, PropylonError } from "../../base/errors.ts";
import { parseConfiguration } from "../../import/nginx/parse.ts";
import { type NginxOptions, pidFileOf, readNginxWith } from "../../import/nginx/read.ts";
import type { Parsed } from "../../import/nginx/tree.ts";
import type { ForeignSource, ReadContext, Reader } from "../../import/reading.ts";
import { type NginxWords, parseNginxWords } from "./options.ts";
import { type NginxPlaces, nginxPlaces } from "./places.ts";
import { signalNginx } from "./signal.ts";
import { HELP, versionText } from "./version.ts";

/** What `propylon nginx` is to serve. */
export interface NginxToServe {
  readonly source: ForeignSource;
  /** Reads the source with the command line's prefix and `-g`, and refuses what NGINX refuses. */
  readonly reader: Reader;
  readonly prefix: string;
  /** Absolute path of the file that gets main's process id; null for blocks of `sites-enabled` without a folder for it. */
  readonly pidFile: string | null;
}

/** Where what nginx says goes. */
export interface NginxOutput {
  /** `-T` alone. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/**
 * Does what the words of nginx's command line say, with its output. Returns what is to be served, or the exit code of what is
 * done already (`-t`, `-T`, `-s`, `-v`, `-V`, `-h`, and whatever was wrong: 1).
 */
export function nginxCommand(
  words: readonly string[],
  machine: ReadContext,
  version: string,
  output: NginxOutput,
): NginxToServe | number {
  const say = (text: string): void => output.stderr(`nginx: ${text}\n`);
  let asked: NginxWords;
  try {
    asked = parseNginxWords(words);
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    say(error.message);
    return 1;
  }
  if (asked.version !== null) {
    output.stderr(versionText(version, asked.version === "long"));
    if (asked.help) output.stderr(HELP);
    return 0;
  }
  const places = nginxPlaces(asked, machine);
  const text = machine.readFile(places.configuration);
  if (text === null)
    return fail(say, asked, places, [`open() "${places.configuration}" failed (2: No such file or directory)`]);
  const source: ForeignSource = { kind: "nginx", form: "file", path: places.configuration, text };
  const strict = asked.test || asked.signal !== null || !isFragment(places, text, machine, asked.directives);
  if (!strict) say(`[warn] ${places.configuration} has no "http" block: its blocks are served as if they stood in one`);
  const options: NginxOptions = { prefix: places.prefix, strict, extra: asked.directives };
  const reader: Reader = (from, context) => readNginxWith(from, context, options);
  try {
    const parsed = parse(places, text, machine, asked.directives, strict);
    const pidFile = pidFileOf(parsed, places.prefix);
    if (asked.signal !== null) return signalled(signalNginx(asked.signal, pidFile), say);
    if (!asked.test) {
      const noPlace = !strict && !machine.isDirectory(path.dirname(pidFile));
      return { source, reader, prefix: places.prefix, pidFile: noPlace ? null : pidFile };
    }
    reader(source, machine);
    if (!asked.quiet) {
      say(`the configuration file ${places.configuration} syntax is ok`);
      say(`configuration file ${places.configuration} test is successful`);
    }
    if (asked.dump) {
      // A file that is included twice is written once.
      const files = new Map(parsed.files.map(({ path: name, text: content }) => [name, content]));
      for (const [name, content] of files) output.stdout(`# configuration file ${name}:\n${content}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof PropylonError)) throw error;
    return fail(say, asked, places, problemsOf(error));
  }
}

// --- internal ---

function parse(places: NginxPlaces, text: string, machine: ReadContext, extra: string, strict: boolean): Parsed {
  const configurationFolder = path.dirname(places.configuration);
  return parseConfiguration(places.configuration, text, machine, { configurationFolder, strict, extra });
}

/** Blocks as they stand in `sites-enabled`: what NGINX refuses as a main file, and people have at hand. Wrong syntax is told later. */
function isFragment(places: NginxPlaces, text: string, machine: ReadContext, extra: string): boolean {
  try {
    return parse(places, text, machine, extra, false).context !== "M";
  } catch (error) {
    if (error instanceof PropylonError) return false;
    throw error;
  }
}

function signalled(complaint: string | null, say: (text: string) => void): number {
  if (complaint === null) return 0;
  say(complaint);
  return 1;
}

/** Every problem as nginx writes its first: `message in FILE:LINE`. */
function problemsOf(error: PropylonError): string[] {
  const problems = error instanceof ProblemList ? error.problems : [error];
  return problems.map(({ message, place }) =>
    place === undefined
      ? message
      : `${message} in ${describePlace({ file: place.file, ...(place.line === undefined ? {} : { line: place.line }) })}`,
  );
}

function fail(
  say: (text: string) => void,
  asked: NginxWords,
  places: NginxPlaces,
  problems: readonly string[],
): number {
  for (const problem of problems) say(`[emerg] ${problem}`);
  if (asked.test) say(`configuration file ${places.configuration} test failed`);
  return 1;
}
