import { PropylonError } from "../base/errors.ts";
import { loadConfig } from "../config/load.ts";
import type { Imported } from "../import/import.ts";
import type { ForeignKind } from "../import/reading.ts";
import { writeYaml } from "../import/write-yaml.ts";
import type { SignalTable } from "../supervisor/signals.ts";
import type { DropInName } from "./drop-in-names.ts";
import { importForeign, readContext } from "./foreign.ts";
import type { ForeignRequest } from "./foreign-kind.ts";
import { foreignOptions, undecided } from "./foreign-options.ts";
import { nginxCommand } from "./nginx/command.ts";
import { serve } from "./serve.ts";
import type { ServeFlags } from "./serve-options.ts";
import { supervisorctl } from "./supervisor/supervisorctl.ts";
import { readSupervisordWords } from "./supervisor/supervisord.ts";
import { uwsgiCommand } from "./uwsgi-command.ts";
import { VERSION } from "./version.ts";

/** Runs one of the programs that we stand in for, with its own arguments. */
export type DropIn = (words: readonly string[]) => Promise<void>;

// --- internal ---

/** QUIT finishes what is in flight, TERM and INT do not; USR2 and WINCH are for a binary upgrade, which reload stands for. */
const NGINX: SignalTable = {
  SIGTERM: "stop-now",
  SIGINT: "stop-now",
  SIGQUIT: "stop",
  SIGUSR2: "none",
  SIGWINCH: "none",
};
/** TERM finishes what is in flight, INT and QUIT do not. */
const GUNICORN: SignalTable = { SIGINT: "stop-now", SIGQUIT: "stop-now", SIGUSR2: "none", SIGWINCH: "none" };
/** TERM ends it, as `die-on-term` says and whoever sends it expects; uWSGI without that would reload. */
const UWSGI: SignalTable = { SIGINT: "stop-now", SIGQUIT: "stop-now", SIGUSR1: "none", SIGUSR2: "none" };
const WAITRESS: SignalTable = { SIGHUP: "stop", SIGUSR1: "none" };

const NOTHING: ForeignRequest = { files: [], as: null, commands: [] };
/** How an app is named to each server that is one command line. */
const APP_BY: Readonly<Partial<Record<ForeignKind, string>>> = {
  gunicorn: "write MODULE:CALLABLE behind the options, as in gunicorn app:app",
  uwsgi: "name one by --module MODULE:CALLABLE or --wsgi-file FILE, or give an .ini file that does",
  waitress: "write MODULE:CALLABLE behind the options, as in waitress-serve app:app",
};

function run(foreign: Partial<ForeignRequest>, signals: SignalTable, flags: ServeFlags = {}): Promise<void> {
  const request = { ...NOTHING, ...foreign };
  return serve({ target: null, file: null, foreign: request, development: false, flags, signals });
}

/** A server that is one command line. */
function server(kind: ForeignKind, name: string, signals: SignalTable): DropIn {
  return async (words) => {
    if (words.some((word) => word === "--version" || (word === "-v" && kind === "gunicorn")))
      process.stdout.write(`${name} (propylon ${VERSION} in its place)\n`);
    else if (words.some((word) => word === "--help" || word === "-h"))
      process.stdout.write(
        `propylon ${name}: takes the options of ${name} and serves the app itself; docs/import-${kind}.md says what becomes of each.\n`,
      );
    else {
      const imported = importForeign({ ...NOTHING, words: { kind, words } }, process.cwd());
      if (imported.settings["apps"] === undefined && imported.settings["programs"] === undefined) {
        for (const { message } of undecided(imported)) process.stderr.write(`propylon: warning: ${message}\n`);
        throw new PropylonError("usage", `propylon ${name} is given no app`, { remedy: APP_BY[kind] ?? "" });
      }
      const prints = kind === "gunicorn" && words.includes("--print-config");
      if (kind === "gunicorn" && (prints || words.includes("--check-config"))) {
        check(imported);
        if (prints) process.stdout.write(writeYaml(imported));
      } else await run({ words: { kind, words } }, signals);
    }
  };
}

/** Says nothing when all is well, and throws what is wrong. */
function check(imported: Imported): void {
  const options = foreignOptions(imported, 0);
  loadConfig({ ...options, profile: null, environment: process.env, flags: {}, directory: process.cwd() });
}

const uwsgi: DropIn = async (words) => {
  const asked = uwsgiCommand(words, readContext(process.cwd()));
  process.stderr.write(asked.shown);
  if (asked.exitCode === null) await server("uwsgi", "uwsgi", UWSGI)(words);
  else process.exitCode = asked.exitCode;
};

const nginx: DropIn = async (words) => {
  const output = {
    stdout: (text: string) => void process.stdout.write(text),
    stderr: (text: string) => void process.stderr.write(text),
  };
  const asked = nginxCommand(words, readContext(process.cwd()), VERSION, output);
  if (typeof asked === "number") process.exitCode = asked;
  else {
    const { source, reader, pidFile } = asked;
    const path = source.form === "file" ? source.path : "";
    await run({ file: { kind: "nginx", path, reader } }, NGINX, pidFile === null ? {} : { pidFile });
  }
};

const supervisord: DropIn = async (words) => {
  const asked = readSupervisordWords(words, readContext(process.cwd()), VERSION);
  if (typeof asked === "string") {
    process.stdout.write(asked);
    return;
  }
  for (const warning of asked.warnings) process.stderr.write(`propylon: warning: ${warning}\n`);
  const flags = { pidFile: asked.pidFile, ...(asked.logLevel === null ? {} : { logLevel: asked.logLevel }) };
  await run({ file: { kind: "supervisor", path: asked.file }, keepPrograms: true }, asked.signals, flags);
};

const control: DropIn = async (words) => {
  const output = { write: (text: string) => void process.stdout.write(text), input: process.stdin };
  process.exitCode = await supervisorctl(words, readContext(process.cwd()), VERSION, output);
};

/**
 * The verbs that are the names of other programs. Their arguments are those programs' own, so commander, which would take
 * `-w` and `--help` for ours, never sees them. All stay in the foreground.
 */
export const DROP_INS: Readonly<Record<DropInName, DropIn>> = {
  nginx,
  gunicorn: server("gunicorn", "gunicorn", GUNICORN),
  gunicorn3: server("gunicorn", "gunicorn", GUNICORN),
  uwsgi,
  "waitress-serve": server("waitress", "waitress-serve", WAITRESS),
  supervisord,
  supervisorctl: control,
};
