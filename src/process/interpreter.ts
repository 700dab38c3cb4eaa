import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { PropylonError } from "../base/errors.ts";
import type { AppConfig } from "../config/model.ts";

export interface Interpreter {
  /** Absolute path, of the interpreter itself and not of a version manager's shim. */
  readonly path: string;
  /** Why this one: `.venv in /srv/app`, `VIRTUAL_ENV`, `python3 on PATH`, ... */
  readonly reason: string;
  /** `3.11.7` */
  readonly version: string;
}

/** Oldest Python that the worker runs on. */
const OLDEST: readonly [number, number] = [3, 8];
/** Folders of virtual environments, as people call them. */
const FOLDERS = [".venv", "venv", "env"];

const known = new Map<string, { path: string; version: string }>();

/**
 * The Python that runs an app: the one it names, else $VIRTUAL_ENV, else a virtual environment in its folder, else
 * $CONDA_PREFIX, else python3 on PATH. Throws a PropylonError when there is none or it is too old.
 */
export function findInterpreter(app: Pick<AppConfig, "name" | "directory" | "python">): Interpreter {
  const environment = process.env;
  if (app.python !== null) return examine(explicit(app.python, app.directory), `python: ${app.python}`, app.directory);
  const active = environment["VIRTUAL_ENV"];
  if (active !== undefined && hasPython(active))
    return examine(pythonIn(active), `VIRTUAL_ENV ${active}`, app.directory);
  for (const name of FOLDERS) {
    const folder = path.join(app.directory, name);
    if (hasPython(folder)) return examine(pythonIn(folder), `${name} in ${app.directory}`, app.directory);
  }
  const conda = environment["CONDA_PREFIX"];
  if (conda !== undefined && hasPython(conda)) return examine(pythonIn(conda), `CONDA_PREFIX ${conda}`, app.directory);
  return examine("python3", "python3 on PATH", app.directory);
}

// --- internal ---

function explicit(python: string, directory: string): string {
  if (!python.includes("/")) return python;
  const file = path.resolve(directory, python);
  if (!fs.existsSync(file)) {
    throw new PropylonError("user", `No Python at ${file}`, {
      remedy: "name an interpreter, or the folder of a virtual environment",
    });
  }
  if (!fs.statSync(file).isDirectory()) return file;
  if (hasPython(file)) return pythonIn(file);
  throw new PropylonError("user", `The folder ${file} is not a virtual environment: it has no bin/python3`, {
    remedy: `make one with: python3 -m venv ${file}`,
  });
}

function pythonIn(folder: string): string {
  const python3 = path.join(folder, "bin", "python3");
  return fs.existsSync(python3) ? python3 : path.join(folder, "bin", "python");
}

function hasPython(folder: string): boolean {
  return fs.existsSync(path.join(folder, "bin", "python3")) || fs.existsSync(path.join(folder, "bin", "python"));
}

const QUESTION = "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])";

function examine(command: string, reason: string, directory: string): Interpreter {
  const key = command.includes("/") ? command : `${directory}\0${command}`;
  let answer = known.get(key);
  if (answer === undefined) {
    answer = ask(command, directory);
    known.set(key, answer);
  }
  const [major, minor] = answer.version.split(".").map(Number) as [number, number];
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new PropylonError("user", `${answer.path} is Python ${answer.version}, found by ${reason}`, {
      remedy: `use Python ${OLDEST.join(".")} or newer: --python PATH, or \`python:\` of the app`,
    });
  }
  return { ...answer, reason };
}

function ask(command: string, directory: string): { path: string; version: string } {
  const { stdout, error, status, stderr } = spawnSync(command, ["-I", "-S", "-c", QUESTION], {
    cwd: directory,
    encoding: "utf8",
  });
  const [executable, version] = (stdout ?? "").trim().split("\n");
  if (error === undefined && status === 0 && executable && version) return { path: executable, version };
  const why = error?.message ?? stderr.trim().split("\n").at(-1) ?? `exit code ${status}`;
  throw new PropylonError("user", `Cannot run the Python interpreter ${command}: ${why}`, {
    remedy: "install Python 3.8 or newer, or name one with --python PATH",
  });
}
