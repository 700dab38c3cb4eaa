import type { ForeignKind } from "../import/reading.ts";
import type { SignalTable } from "../supervisor/signals.ts";
import { type ForeignRequest, readContext } from "./foreign.ts";
import { nginxCommand } from "./nginx/command.ts";
import { type ServeFlags, serve } from "./serve.ts";
import { supervisorctl } from "./supervisor/supervisorctl.ts";
import { readSupervisordWords } from "./supervisor/supervisord.ts";
import { VERSION } from "./version.ts";

/** Runs one of the programs that we stand in for, with its own arguments. */
export type DropIn = (words: readonly string[]) => Promise<void>;

/**
 * The verbs that are the names of other programs. Their arguments are those programs' own, so commander, which would take
 * `-w` and `--help` for ours, never sees them. All stay in the foreground.
 */
export function findDropIn(verb: string | undefined): DropIn | null {
  return verb !== undefined && Object.hasOwn(DROP_INS, verb) ? DROP_INS[verb]! : null;
}

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

function run(foreign: Partial<ForeignRequest>, signals: SignalTable, flags: ServeFlags = {}): Promise<void> {
  const request = { files: [], as: null, commands: [], ...foreign };
  return serve({ target: null, file: null, foreign: request, development: false, flags, signals });
}

function server(kind: ForeignKind, signals: SignalTable): DropIn {
  return (words) => run({ words: { kind, words } }, signals);
}

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

const DROP_INS: Readonly<Record<string, DropIn>> = {
  nginx,
  gunicorn: server("gunicorn", GUNICORN),
  gunicorn3: server("gunicorn", GUNICORN),
  uwsgi: server("uwsgi", UWSGI),
  "waitress-serve": server("waitress", WAITRESS),
  supervisord,
  supervisorctl: control,
};
