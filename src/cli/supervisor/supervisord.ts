import path from "node:path";
import { PropylonError } from "../../base/errors.ts";
import type { ReadContext } from "../../import/reading.ts";
import { expandValue } from "../../import/supervisor/expand.ts";
import { parseIni } from "../../import/supervisor/ini.ts";
import { environmentNames } from "../../import/supervisor/program.ts";
import { DEFAULT_FILES } from "../../import/supervisor/read.ts";
import type { SignalTable } from "../../supervisor/signals.ts";
import { type OptionTable, parseWords } from "./words.ts";

/** What `propylon supervisord` is to serve. */
export interface SupervisordToServe {
  /** Absolute path of its configuration. */
  readonly file: string;
  /** Absolute path of the file that gets main's process id: supervisorctl finds the instance by it. */
  readonly pidFile: string;
  /** Level of our log, or null for that of the configuration. */
  readonly logLevel: string | null;
  readonly signals: SignalTable;
  /** Options without effect here, a sentence each. */
  readonly warnings: readonly string[];
}

/** HUP reads the configuration anew, USR2 opens the logs anew, TERM, INT and QUIT stop (supervisord.org, "Signal Handlers"). */
export const SUPERVISORD_SIGNALS: SignalTable = { SIGQUIT: "stop", SIGUSR2: "reopen-logs" };

const OPTIONS: OptionTable = {
  c: "configuration=",
  n: "nodaemon",
  s: "silent",
  h: "help",
  v: "version",
  u: "user=",
  m: "umask=",
  d: "directory=",
  l: "logfile=",
  y: "logfile_maxbytes=",
  z: "logfile_backups=",
  e: "loglevel=",
  j: "pidfile=",
  i: "identifier=",
  q: "childlogdir=",
  k: "nocleanup",
  a: "minfds=",
  t: "strip_ansi",
  "\u0001": "minprocs=",
  "\u0002": "profile_options=",
};
const LEVELS: Readonly<Record<string, string>> = {
  critical: "error",
  error: "error",
  warn: "warn",
  info: "info",
  debug: "debug",
  trace: "debug",
  blather: "debug",
};
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  user: "programs run as the users that the configuration names",
  umask: "programs have the umask that the configuration names",
  directory: "start propylon in that folder instead",
  logfile: "our log goes to stderr",
  logfile_maxbytes: "our log goes to stderr",
  logfile_backups: "our log goes to stderr",
  childlogdir: "output of programs without a log file goes to our log",
  minfds: "set the limit before you start propylon",
  minprocs: "set the limit before you start propylon",
  profile_options: "there is no profiler",
};

export const SUPERVISORD_HELP = `propylon supervisord -- run a set of programs as the configuration of supervisord says

Usage: propylon supervisord [options]

-c/--configuration FILENAME -- configuration file path (searches if not given)
-n/--nodaemon -- always so: propylon stays in the foreground
-e/--loglevel LEVEL -- critical, error, warn, info, debug, trace or blather
-j/--pidfile FILENAME -- write the process id there
-v/--version -- the version
Options of supervisord that have no effect here are named in a warning.
`;

/**
 * Reads the words of supervisord's command line. Returns what is to be served, or a text to print for `-h` and `-v`. Throws a
 * PropylonError for an option that there is not, and for a configuration that is not there.
 */
export function readSupervisordWords(
  words: readonly string[],
  machine: ReadContext,
  version: string,
): SupervisordToServe | string {
  const { options } = parseWords(words, OPTIONS, "propylon supervisord");
  if (options.has("help")) return SUPERVISORD_HELP;
  if (options.has("version")) return `${version}\n`;
  const { file, text } = findConfiguration(options.get("configuration"), machine);
  const level = options.get("loglevel");
  const warnings = Object.entries(WITHOUT_EFFECT).flatMap(([name, why]) =>
    options.has(name) ? [`--${name} has no effect: ${why}`] : [],
  );
  const pidFile = options.get("pidfile") ?? pidFileOf(file, text, machine);
  return {
    file,
    pidFile: path.resolve(machine.directory, pidFile),
    logLevel: level === undefined ? null : (LEVELS[level.toLowerCase()] ?? "info"),
    signals: SUPERVISORD_SIGNALS,
    warnings,
  };
}

/** The configuration that is named, or the first of the usual places. */
export function findConfiguration(
  named: string | undefined,
  machine: ReadContext,
): { readonly file: string; readonly text: string } {
  const candidates = named === undefined ? DEFAULT_FILES : [named];
  for (const candidate of candidates) {
    const file = path.resolve(machine.directory, candidate);
    const text = machine.readFile(file);
    if (text !== null) return { file, text };
  }
  throw new PropylonError(
    "usage",
    named === undefined
      ? `Error: No config file found at default paths (${DEFAULT_FILES.join(", ")}); use the -c option to specify a config file at a different path`
      : `Error: could not find config file ${named}`,
  );
}

/** `pidfile` of `[supervisord]`, by supervisord's default `supervisord.pid` in the folder that it is started in. */
export function pidFileOf(file: string, text: string, machine: ReadContext): string {
  const { sections } = parseIni(text, file, () => false);
  const option = sections
    .filter(({ name }) => name === "supervisord")
    .flatMap(({ options }) => options)
    .findLast(({ key }) => key === "pidfile");
  if (option === undefined) return "supervisord.pid";
  const names = { here: path.dirname(file), ...environmentNames(machine.environment) };
  return expandValue(option.value, names).text;
}
