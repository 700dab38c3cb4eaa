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
    const [first, second] = rest;
    if (first === undefined) return null;
    const assignment = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(first);
    if (assignment !== null) environment[assignment[1]!] = assignment[2]!;
    const skipped =
      assignment !== null || first === "exec" || isNamed(first, "env")
        ? 1
        : RUNNERS.has(first) && second === "run"
          ? 2
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
