import { PropylonError } from "../../base/errors.ts";

export const NGINX_SIGNALS = { stop: "SIGTERM", quit: "SIGQUIT", reopen: "SIGUSR1", reload: "SIGHUP" } as const;
export type NginxSignal = keyof typeof NGINX_SIGNALS;

/** The words of nginx's command line. */
export interface NginxWords {
  readonly help: boolean;
  /** `-v`, or `-V` with how it was built. */
  readonly version: "short" | "long" | null;
  readonly test: boolean;
  /** `-T`: write what was read to stdout. */
  readonly dump: boolean;
  readonly quiet: boolean;
  /** As written, or null. */
  readonly prefix: string | null;
  readonly configuration: string | null;
  readonly errorLog: string | null;
  /** Directives that stand before the file's. */
  readonly directives: string;
  readonly signal: NginxSignal | null;
}

/** What each option that takes a word calls it, in NGINX's complaint. */
const TAKES: Readonly<Record<string, string>> = {
  p: "directory name",
  c: "file name",
  e: "file name",
  g: "parameter",
  s: "parameter",
};

/** Reads nginx's arguments: letters may stand together (`-tq`) and with their word (`-p/srv`). Throws in nginx's words. */
export function parseNginxWords(words: readonly string[]): NginxWords {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (!word.startsWith("-")) throw invalid(word);
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!;
      const wanted = TAKES[letter];
      if (wanted === undefined) {
        if (!"?hvVtTq".includes(letter)) throw invalid(letter);
        flags.add(letter);
        continue;
      }
      const value = i + 1 < word.length ? word.slice(i + 1) : words[++at];
      if (value === undefined || value === "") throw refusal(`option "-${letter}" requires ${wanted}`);
      values.set(letter, value);
      break;
    }
  }
  return {
    help: flags.has("?") || flags.has("h"),
    version: flags.has("V") ? "long" : flags.has("v") || flags.has("?") || flags.has("h") ? "short" : null,
    test: flags.has("t") || flags.has("T"),
    dump: flags.has("T"),
    quiet: flags.has("q"),
    prefix: values.get("p") ?? null,
    configuration: values.get("c") ?? null,
    errorLog: values.get("e") ?? null,
    directives: values.get("g") ?? "",
    signal: signalOf(values.get("s")),
  };
}

// --- internal ---

function signalOf(word: string | undefined): NginxSignal | null {
  if (word === undefined) return null;
  if (!Object.hasOwn(NGINX_SIGNALS, word)) throw invalid(`-s ${word}`);
  return word as NginxSignal;
}

function invalid(what: string): PropylonError {
  return refusal(`invalid option: "${what}"`);
}

function refusal(message: string): PropylonError {
  return new PropylonError("user", message);
}
