import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** A virtual environment that a tool keeps for a project, outside of its folder. */
export interface ManagedEnvironment {
  /** Absolute path of the environment's folder. */
  readonly folder: string;
  /** Whose it is: `poetry`, `pipenv`, `uv`. */
  readonly tool: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The environment that uv, poetry or pipenv keeps for the project in this folder, or null. Read from the disk, without
 * running the tool, which would cost more than a second of each start.
 */
export function managedEnvironment(directory: string, variables: Variables): ManagedEnvironment | null {
  const uv = variables["UV_PROJECT_ENVIRONMENT"];
  if (uv && fs.existsSync(path.join(directory, "uv.lock"))) return { folder: path.resolve(directory, uv), tool: "uv" };
  const poetry = poetryEnvironment(directory, variables);
  if (poetry !== null) return { folder: poetry, tool: "poetry" };
  const pipenv = pipenvEnvironment(directory, variables);
  return pipenv === null ? null : { folder: pipenv, tool: "pipenv" };
}

/** What `.python-version` of the folder or one above asks for (pyenv and uv write it): `3.12`, `3.11.7`, or a name. */
export function wantedVersion(directory: string): string | null {
  for (let folder = directory; ; folder = path.dirname(folder)) {
    const line = read(path.join(folder, ".python-version"))
      ?.split("\n")
      .map((text) => text.trim())
      .find((text) => text !== "" && !text.startsWith("#"));
    if (line !== undefined) return line.split(/\s+/)[0]!.replace(/^cpython[-@]/, "");
    if (folder === path.dirname(folder)) return null;
  }
}

/** The interpreter that pyenv has for a version: that very one, else the latest that begins so. null: it has none. */
export function pyenvPython(wanted: string, variables: Variables): string | null {
  const versions = path.join(variables["PYENV_ROOT"] || path.join(homeOf(variables), ".pyenv"), "versions");
  const names = list(versions);
  const latest = names
    .filter((name) => name.startsWith(`${wanted}.`))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
  const name = names.includes(wanted) ? wanted : latest;
  const python = name === undefined ? null : path.join(versions, name, "bin", "python3");
  return python !== null && fs.existsSync(python) ? python : null;
}

// --- internal ---

/** `<cache>/virtualenvs/<name>-<hash of the folder>-py<version>`; `envs.toml` beside them names the one that is active. */
function poetryEnvironment(directory: string, variables: Variables): string | null {
  if (!fs.existsSync(path.join(directory, "poetry.lock")) && !usesPoetry(directory)) return null;
  const cache =
    variables["POETRY_CACHE_DIR"] ||
    (process.platform === "darwin"
      ? path.join(homeOf(variables), "Library", "Caches", "pypoetry")
      : path.join(variables["XDG_CACHE_HOME"] || path.join(homeOf(variables), ".cache"), "pypoetry"));
  const folder = variables["POETRY_VIRTUALENVS_PATH"] || path.join(cache, "virtualenvs");
  const hash = shortHash(fs.realpathSync(directory));
  const found = list(folder).filter((name) => name.includes(`-${hash}-py`));
  if (found.length < 2) return found[0] === undefined ? null : path.join(folder, found[0]);
  const active = new RegExp(`^\\["?[^\\]]*-${hash}"?\\]\\s*minor = "([\\d.]+)"`, "m").exec(
    read(path.join(folder, "envs.toml")) ?? "",
  );
  const chosen = found.find((name) => name.endsWith(`-py${active?.[1]}`)) ?? found.sort().at(-1)!;
  return path.join(folder, chosen);
}

function usesPoetry(directory: string): boolean {
  return /^\[tool\.poetry\b/m.test(read(path.join(directory, "pyproject.toml")) ?? "");
}

/** `<data>/virtualenvs/<name>-<hash of the Pipfile's path>`. */
function pipenvEnvironment(directory: string, variables: Variables): string | null {
  const pipfile = path.join(directory, "Pipfile");
  if (!fs.existsSync(pipfile)) return null;
  const data = variables["XDG_DATA_HOME"] || path.join(homeOf(variables), ".local", "share");
  const folder = variables["WORKON_HOME"] || path.join(data, "virtualenvs");
  const hash = shortHash(path.join(fs.realpathSync(directory), "Pipfile"));
  const name = list(folder).find((candidate) => candidate.includes(`-${hash}`));
  return name === undefined ? null : path.join(folder, name);
}

/** Both tools tell projects apart by the first characters of their path's SHA-256, in URL-safe base 64. */
function shortHash(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, 6).toString("base64url");
}

function homeOf(variables: Variables): string {
  return variables["HOME"] || os.homedir();
}

function list(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // absent, or not for us to read: nothing to find there
  }
}

function read(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return null; // as above
  }
}
