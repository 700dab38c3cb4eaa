import type { ReadContext } from "../import/reading.ts";
import { isOn } from "../import/uwsgi/handlers.ts";
import { uwsgiOptions } from "../import/uwsgi/read.ts";
import type { WrittenOption } from "../import/uwsgi/written-option.ts";
import { signalProcess } from "../process/signal-process.ts";

/** What a command line of uWSGI asks for before anything is served. */
export interface UwsgiAsked {
  /** To be said on stderr. */
  readonly shown: string;
  /** It is all there was to do; null: go on and serve. */
  readonly exitCode: number | null;
}

/** Carries out `--stop FILE` and `--reload FILE`, and tells what `--show-config` asks for. Throws a ProblemList for words that uWSGI refuses. */
export function uwsgiCommand(words: readonly string[], context: ReadContext): UwsgiAsked {
  if (words.some((word) => END_AT_ONCE.has(word))) return { shown: "", exitCode: null };
  const options = uwsgiOptions({ kind: "uwsgi", form: "command", words, place: { file: "propylon uwsgi" } }, context);
  for (const { name, value } of options) {
    const signal = SIGNALS[name];
    if (signal === undefined) continue;
    const problem = signalOf(value ?? "", signal, context);
    return { shown: problem === null ? "" : `propylon: ${problem}\n`, exitCode: problem === null ? 0 : 1 };
  }
  const wanted = options.findLast(({ name }) => name === "show-config");
  return { shown: wanted !== undefined && isOn(wanted.value) ? configText(options) : "", exitCode: null };
}

// --- internal ---

const END_AT_ONCE: ReadonlySet<string> = new Set(["--version", "--help", "-h", "--usage"]);
/** uWSGI's meanings; `pause` and `resume` have no counterpart. */
const SIGNALS: Readonly<Record<string, "SIGINT" | "SIGHUP">> = { stop: "SIGINT", reload: "SIGHUP" };

/** Why the process of a pid file could not be told, or null. */
function signalOf(file: string, signal: "SIGINT" | "SIGHUP", context: ReadContext): string | null {
  const text = context.readFile(file)?.trim();
  if (text === undefined) return `there is no pid file ${file}, or we may not read it`;
  const pid = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (pid <= 1) return `${file} holds no process id`;
  return signalProcess(pid, signal) ? null : `process ${pid} of ${file} does not run, or is not ours to signal`;
}

/** The options as one file, as uWSGI shows them: a switch of the command line is `true`, a key alone empty. */
function configText(options: readonly WrittenOption[]): string {
  const lines = options
    .filter(({ implied }) => implied !== true)
    .map(({ name, value, place }) => `${name} = ${value ?? (place.line === undefined ? "true" : "")}\n`);
  return `\n;uWSGI instance configuration\n[uwsgi]\n${lines.join("")};end of configuration\n\n`;
}
