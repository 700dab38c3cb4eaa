import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { hasCode, PropylonError } from "../base/errors.ts";
import { examine } from "./requirements.ts";

export interface PreparedEnvironment {
  /** Interpreter that has the packages. */
  readonly python: string;
  readonly reason: string;
}

/**
 * Finds, or makes, a Python that has the packages of `directory`/requirements.txt: the folder's `.venv`, else the current
 * interpreter ($VIRTUAL_ENV, or python3 on PATH) when it satisfies the file already, else a new `.venv` that pip fills, whose
 * words go to `say`. Of several starts at once one fills and the others wait. null: there is no such file. Throws a
 * PropylonError that says what to run when it can't be done; a `.venv` that somebody else made is never changed.
 */
export async function prepareEnvironment(
  directory: string,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<PreparedEnvironment | null> {
  const requirements = path.join(directory, "requirements.txt");
  if (!fs.existsSync(requirements)) return null;
  const folder = path.join(directory, ".venv");
  const found = findFilled(folder, requirements) ?? findCurrent(folder, requirements);
  if (found !== null) return found;
  const base = current();
  if (examine(base, requirements).verdict === "too old")
    throw new PropylonError("user", `Cannot prepare the Python packages of ${directory}: ${base} is older than 3.8`, {
      remedy: "put Python 3.8 or newer on PATH as python3",
    });
  const handle = fs.openSync(directory, "r");
  try {
    await lock(base, handle, say, signal);
    // Whoever held the lock may have done it.
    return findFilled(folder, requirements) ?? (await fill(base, folder, requirements, handle, say, signal));
  } finally {
    fs.closeSync(handle);
  }
}

// --- internal ---

/** Written into a finished `.venv`, with the hash of what was installed. */
const COMPLETE = ".propylon-complete";
/** In a `.venv` of ours from its first moment to its last: what is left of a start that was cut off is known by it. */
const PARTIAL = ".propylon-partial";

/** The folder's `.venv` when it can be used; null when there is none, or one of ours that is to be filled. */
function findFilled(folder: string, requirements: string): PreparedEnvironment | null {
  if (!fs.existsSync(folder)) return null;
  const python = pythonOf(folder);
  const filledWith = read(path.join(folder, COMPLETE));
  const ours = filledWith !== null || fs.existsSync(path.join(folder, PARTIAL));
  const found = { python, reason: `.venv in ${path.dirname(folder)}` };
  if (ours) return filledWith === hashOf(requirements) && works(python) ? found : null;
  const { verdict, detail } = examine(python, requirements);
  // Somebody's own environment is trusted in what we can't read of the file.
  if (verdict === "satisfied" || verdict === "unknown") return found;
  const broken = `remove it: rm -r ${word(folder)}`;
  throw new PropylonError("user", `The virtual environment ${folder} can't serve ${requirements}: ${detail}`, {
    remedy:
      verdict === "missing"
        ? `run: ${word(python)} -m pip install -r ${word(requirements)}`
        : `${broken} (one is made)`,
  });
}

function findCurrent(folder: string, requirements: string): PreparedEnvironment | null {
  if (fs.existsSync(folder)) return null;
  const python = current();
  if (examine(python, requirements).verdict !== "satisfied") return null;
  return { python, reason: `${python === "python3" ? "python3 on PATH" : "VIRTUAL_ENV"} has the packages` };
}

function current(): string {
  const active = process.env["VIRTUAL_ENV"];
  return active && fs.existsSync(pythonOf(active)) ? pythonOf(active) : "python3";
}

function pythonOf(folder: string): string {
  return path.join(folder, "bin", "python3");
}

function works(python: string): boolean {
  return spawnSync(python, ["-I", "-c", ""], { stdio: "ignore" }).status === 0;
}

/**
 * Locks the folder for as long as the handle, or a copy of it in a child, is open: a kernel's lock, so that no start that
 * died leaves one, and pip that outlives its start still holds it. Node can't lock; a child that shares the handle can.
 */
async function lock(python: string, handle: number, say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const take = (how: string): Promise<boolean> => {
    const stdio: SpawnOptions["stdio"] = ["ignore", "ignore", "pipe", handle];
    const words = ["-I", "-c", `import fcntl; fcntl.flock(3, ${how})`];
    return run(python, words, { stdio, signal }, () => {}).then((code) => code === 0);
  };
  if (await take("fcntl.LOCK_EX | fcntl.LOCK_NB")) return;
  say("propylon: another start is filling the virtual environment; waiting for it");
  if (!(await take("fcntl.LOCK_EX"))) throw new PropylonError("internal", "Cannot lock the folder of the environment");
}

async function fill(
  base: string,
  folder: string,
  requirements: string,
  handle: number,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<PreparedEnvironment> {
  say(`propylon: making ${folder} with the packages of ${requirements}`);
  const wanted = hashOf(requirements);
  const python = pythonOf(folder);
  // What an earlier start left half done is not built upon.
  if (read(path.join(folder, COMPLETE)) === null || !works(python)) fs.rmSync(folder, { recursive: true, force: true });
  begin(folder);
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_NO_INPUT: "1" };
  const step = async (command: string, words: readonly string[]): Promise<void> => {
    const said: string[] = [];
    const code = await run(command, words, { stdio: ["ignore", "pipe", "pipe", handle], env, signal }, (line) => {
      said.push(line);
      say(`  ${line}`);
    });
    if (code === 0) return;
    const byHand = `cd ${word(path.dirname(folder))} && python3 -m venv .venv && .venv/bin/python3 -m pip install -r requirements.txt`;
    throw new PropylonError(
      "user",
      `Cannot prepare the Python packages of ${requirements}: ${words[1]} failed (above)`,
      {
        remedy: said.some((line) => line.includes("ensurepip is not"))
          ? "install the package python3-venv of your distribution, then start again"
          : `start again, or run: ${byHand}`,
      },
    );
  };
  await step(base, ["-m", "venv", folder]);
  await step(python, ["-m", "pip", "install", "--progress-bar", "off", "-r", requirements]);
  fs.writeFileSync(path.join(folder, COMPLETE), wanted);
  fs.rmSync(path.join(folder, PARTIAL));
  return { python, reason: `.venv in ${path.dirname(folder)}, made now` };
}

function begin(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, PARTIAL), "");
  } catch (error) {
    throw new PropylonError("user", `Cannot make the virtual environment ${folder}: ${(error as Error).message}`, {
      remedy: "make its folder writable, or activate an environment that has the packages, then start again",
      cause: error,
    });
  }
}

/** Runs a command to its end; its exit code, or null for a signal. Rejects with the signal's reason when it is aborted. */
function run(
  command: string,
  words: readonly string[],
  { signal, ...options }: Pick<SpawnOptions, "stdio" | "env"> & { signal: AbortSignal | undefined },
  hear: (line: string) => void,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { ...options, ...(signal && { signal }) });
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on("line", (line) => line.trim() !== "" && hear(line.trimEnd()));
    child.once("error", (error) => reject(signal?.aborted ? signal.reason : error));
    child.once("close", (code) => (signal?.aborted ? reject(signal.reason) : resolve(code)));
  });
}

function hashOf(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}

function read(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return null;
    throw error;
  }
}

/** As a shell reads it. */
function word(text: string): string {
  return /^[\w./+@%=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
