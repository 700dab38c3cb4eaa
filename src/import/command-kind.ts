import { basename, dirname, join } from "node:path";
import type { ForeignKind } from "./reading.ts";

/** A command line that is one of the servers that we take the place of. */
export interface ServerCommand {
  readonly kind: ForeignKind;
  /** The words after the server's name. */
  readonly words: readonly string[];
  /** `NAME=value` words before it (`env NAME=value gunicorn ...`). */
  readonly environment: Readonly<Record<string, string>>;
  /** Interpreter that runs it, when the command names one or stands in a virtual environment's folder; else null. */
  readonly python: string | null;
}

const SERVERS: Readonly<Record<string, ForeignKind>> = {
  gunicorn: "gunicorn",
  gunicorn3: "gunicorn",
  uwsgi: "uwsgi",
  uwsgi_python3: "uwsgi",
  "uwsgi-core": "uwsgi",
  "waitress-serve": "waitress",
  nginx: "nginx",
  supervisord: "supervisor",
};
/** `python -m NAME`. */
const MODULES: Readonly<Record<string, ForeignKind>> = {
  gunicorn: "gunicorn",
  "gunicorn.app.wsgiapp": "gunicorn",
  waitress: "waitress",
  uwsgi: "uwsgi",
};

/**
 * Tells which server these words start, or null: seen through `env`, `exec`, `NAME=value`, `poetry run`, `pipenv run`, `uv run`,
 * `python -m` and the path of the program.
 */
export function serverCommand(words: readonly string[]): ServerCommand | null {
  const environment: Record<string, string> = {};
  let rest = words;
  for (;;) {
    const [first] = rest;
    if (first === undefined) return null;
    const assignment = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(first);
    if (assignment !== null) environment[assignment[1]!] = assignment[2]!;
    const skipped =
      assignment !== null || first === "exec" || isNamed(first, "env")
        ? 1
        : RUNNERS.has(basename(first))
          ? runnerLength(rest)
          : 0;
    if (skipped === 0) break;
    rest = rest.slice(skipped);
  }
  const program = rest[0]!;
  const name = basename(program);
  if (/^python[\d.]*$/.test(name)) return interpreted(program, rest.slice(1), environment);
  const kind = Object.hasOwn(SERVERS, name) ? SERVERS[name]! : null;
  if (kind === null) return null;
  return { kind, words: rest.slice(1), environment, python: pythonBeside(program) };
}

// --- internal ---

const RUNNERS = new Set(["poetry", "pipenv", "uv", "pdm", "hatch"]);

/** Options of the runners that take a value and say nothing of how the program runs. */
const RUNNER_VALUES = new Set([
  "--python",
  "-p",
  "--project",
  "--directory",
  "-C",
  "-P",
  "--extra",
  "--group",
  "--package",
  "--with",
]);

/** How many words come before the program in `uv run --frozen gunicorn ...`; 0: it runs none. */
function runnerLength(words: readonly string[]): number {
  let at = 1;
  let runs = false;
  for (;;) {
    const word = words[at];
    if (word === undefined) return 0;
    if (word === "run" && !runs) runs = true;
    else if (word === "--" && runs) return at + 1;
    else if (RUNNER_VALUES.has(word)) at++;
    else if (/^--(?:env-file|module)|^-m/.test(word)) return 0;
    else if (!word.startsWith("-")) return runs ? at : 0;
    at++;
  }
}

function isNamed(word: string, name: string): boolean {
  return word === name || (word.startsWith("/") && basename(word) === name);
}

/** `python -m gunicorn ...`, or `python /venv/bin/gunicorn ...`. */
function interpreted(
  python: string,
  words: readonly string[],
  environment: Record<string, string>,
): ServerCommand | null {
  const rest = words.filter(
    (word, index) =>
      !(/^-[uBIOsSE]+$/.test(word) && words.slice(0, index).every((before) => /^-[uBIOsSE]+$/.test(before))),
  );
  const path = python.includes("/") ? python : null;
  if (rest[0] === "-m" && rest[1] !== undefined && Object.hasOwn(MODULES, rest[1]))
    return { kind: MODULES[rest[1]]!, words: rest.slice(2), environment, python: path };
  const name = rest[0] === undefined ? "" : basename(rest[0]);
  if (!Object.hasOwn(SERVERS, name)) return null;
  return { kind: SERVERS[name]!, words: rest.slice(1), environment, python: path ?? pythonBeside(rest[0]!) };
}

/** `/venv/bin/gunicorn` runs with `/venv`; `/usr/bin/gunicorn` with the system's Python, which is what is found anyway. */
function pythonBeside(program: string): string | null {
  const folder = dirname(program);
  if (!program.startsWith("/") || basename(folder) !== "bin") return null;
  const root = join(folder, "..");
  return root === "/" || root === "/usr" || root === "/usr/local" ? null : root;
}
