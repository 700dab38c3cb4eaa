import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { hasCode, PropylonError } from "../base/errors.ts";
import type { AppConfig } from "../config/model.ts";
import { managedEnvironment, pyenvPython, type Variables, wantedVersion } from "./managed-environments.ts";

export interface Interpreter {
  /** Absolute path, of the interpreter itself and not of a version manager's shim. */
  readonly path: string;
  /** Where it was found: `.venv`, `VIRTUAL_ENV`, `poetry`, `python3 on PATH`, ... */
  readonly reason: string;
  /** `3.11.7` */
  readonly version: string;
}

/** Where to look besides the app's own folder. */
export interface Surroundings {
  /** The configuration's folder. */
  readonly directory?: string;
  /** Instead of the environment variables of this process. */
  readonly variables?: Variables;
}

/** Oldest Python that the worker runs on. */
const OLDEST: readonly [number, number] = [3, 8];
/** Folders of virtual environments, as people call them. */
const FOLDERS = [".venv", "venv", "env"];
/** An interpreter that has not said its version after this, in ms, is taken for broken. */
const PATIENCE = 20_000;

/**
 * The Python that runs an app: the one it names, else $VIRTUAL_ENV, else a virtual environment in its folder or the
 * configuration's, else what uv, poetry or pipenv keeps for the folder, else $CONDA_PREFIX, else what pyenv has for
 * `.python-version`, else python3 on PATH. Throws a PropylonError when there is none, when it is broken or too old.
 */
export function findInterpreter(
  app: Pick<AppConfig, "directory" | "python">,
  { directory = app.directory, variables = process.env }: Surroundings = {},
): Interpreter {
  const { file, reason } = choose(app, directory, variables);
  const { executable, version } = examine(file, app.directory);
  const [major, minor] = version.split(".").map(Number) as [number, number];
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new PropylonError(
      "user",
      `The Python of ${app.directory} is too old: ${executable} is ${version} (${reason})`,
      {
        remedy: `use Python ${OLDEST.join(".")} or newer: --python PATH, or \`python:\` of the app`,
      },
    );
  }
  return { path: executable, reason, version };
}

// --- internal ---

interface Choice {
  /** Absolute path. */
  readonly file: string;
  readonly reason: string;
}

function choose({ python, directory }: Pick<AppConfig, "directory" | "python">, base: string, vars: Variables): Choice {
  if (python !== null) return explicit(python, directory, vars);
  const active = vars["VIRTUAL_ENV"];
  if (active && isEnvironment(active)) return { file: pythonIn(active), reason: `VIRTUAL_ENV ${active}` };
  for (const parent of new Set([directory, base])) {
    for (const name of FOLDERS) {
      const folder = path.join(parent, name);
      if (isEnvironment(folder)) return { file: pythonIn(folder), reason: parent === directory ? name : folder };
    }
  }
  for (const parent of new Set([directory, base])) {
    const kept = managedEnvironment(parent, vars);
    if (kept !== null && isEnvironment(kept.folder)) return { file: pythonIn(kept.folder), reason: kept.tool };
  }
  const conda = vars["CONDA_PREFIX"];
  if (conda && isEnvironment(conda)) return { file: pythonIn(conda), reason: `CONDA_PREFIX ${conda}` };
  const wanted = wantedVersion(directory);
  const pyenv = wanted === null || wanted === "system" ? null : pyenvPython(wanted, vars);
  if (pyenv !== null) return { file: pyenv, reason: `.python-version ${wanted}` };
  return { file: onPath("python3", directory, vars), reason: "python3 on PATH" };
}

function explicit(python: string, directory: string, vars: Variables): Choice {
  const reason = `python: ${python}`;
  if (!python.includes("/")) return { file: onPath(python, directory, vars), reason };
  const file = path.resolve(directory, python);
  const stat = statOf(file);
  if (stat === null) {
    throw new PropylonError("user", `No Python at ${file}`, {
      remedy: "name an interpreter, or the folder of a virtual environment",
    });
  }
  if (!stat.isDirectory()) return { file, reason };
  if (isEnvironment(file)) return { file: pythonIn(file), reason };
  throw new PropylonError("user", `The folder ${file} is not a virtual environment: it has no bin/python3`, {
    remedy: `make one with: python3 -m venv ${file}`,
  });
}

function onPath(command: string, directory: string, vars: Variables): string {
  for (const folder of (vars["PATH"] ?? "").split(path.delimiter)) {
    const file = path.resolve(directory, folder, command);
    if (statOf(file)?.isFile() === true && isExecutable(file)) return file;
  }
  throw new PropylonError("user", `No ${command} on PATH to run the app in ${directory}`, {
    remedy: "install Python 3.8 or newer, or name one with --python PATH",
  });
}

function pythonIn(folder: string): string {
  const python3 = path.join(folder, "bin", "python3");
  return exists(python3) ? python3 : path.join(folder, "bin", "python");
}

function isEnvironment(folder: string): boolean {
  return exists(path.join(folder, "bin", "python3")) || exists(path.join(folder, "bin", "python"));
}

/** Also of a link whose target is gone: a broken environment is told, not passed over. */
function exists(file: string): boolean {
  try {
    return !fs.lstatSync(file).isDirectory();
  } catch {
    return false; // absent, or in a folder that is not for us to look into
  }
}

function statOf(file: string): fs.Stats | null {
  try {
    return fs.statSync(file);
  } catch {
    return null; // as above
  }
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Answer {
  readonly executable: string;
  readonly version: string;
}

/** What interpreters have said, by path, folder and time of last change: a version manager's shim answers by folder. */
const known = new Map<string, Answer>();

function examine(file: string, directory: string): Answer {
  const stat = statOf(file);
  if (stat === null) {
    throw new PropylonError(
      "user",
      `The Python of ${path.dirname(path.dirname(file))} is gone: ${file} leads nowhere`,
      {
        remedy: "make the virtual environment anew, or name another with --python PATH",
      },
    );
  }
  const key = [file, directory, stat.mtimeMs].join("\0");
  const answer = known.get(key) ?? ask(file, directory);
  known.set(key, answer);
  return answer;
}

// -E -s -S are all that Python 2 knows of -I: it is to say that it is too old.
const QUESTION = [
  "-E",
  "-s",
  "-S",
  "-c",
  "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])",
];

function ask(file: string, directory: string): Answer {
  const { stdout, error, status, stderr } = spawnSync(file, QUESTION, {
    cwd: directory,
    encoding: "utf8",
    timeout: PATIENCE,
  });
  const [executable, version] = (stdout ?? "").trim().split("\n");
  if (error === undefined && status === 0 && executable && /^\d+\.\d+\.\d+$/.test(version ?? ""))
    return { executable, version: version! };
  const remedy = "install Python 3.8 or newer, or name one with --python PATH";
  throw new PropylonError("user", `Cannot run the Python interpreter ${file}: ${complaint(error, stderr, status)}`, {
    remedy: hasCode(error, "EACCES") ? `make it executable: chmod +x ${file}` : remedy,
    cause: error,
  });
}

function complaint(error: Error | undefined, stderr: string | null, status: number | null): string {
  if (hasCode(error, "EACCES")) return "it is not executable";
  if (hasCode(error, "ETIMEDOUT")) return `it did not answer within ${PATIENCE / 1000} s`;
  if (hasCode(error, "ENOEXEC")) return "it is no program for this machine";
  return error?.message ?? ((stderr ?? "").trim().split("\n").at(-1) || `it is no Python (exit code ${status})`);
}
