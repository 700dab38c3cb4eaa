import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { hasCode, PropylonError } from "../base/errors.ts";

/** Written into a finished `.venv`, with the hash of what was installed: without it the filling was cut off. */
const COMPLETE = ".propylon-complete";

export interface PreparedEnvironment {
  /** Interpreter that has the packages. */
  readonly python: string;
  readonly reason: string;
}

/**
 * Finds, or makes, a Python that has the packages of `directory`/requirements.txt: the folder's `.venv`, else the current
 * interpreter when it satisfies the file already, else a new `.venv`, filled by pip, whose words go to `say`. null: there is no such file.
 */
export async function prepareEnvironment(
  directory: string,
  say: (line: string) => void,
): Promise<PreparedEnvironment | null> {
  const requirements = path.join(directory, "requirements.txt");
  if (!fs.existsSync(requirements)) return null;
  const wanted = createHash("sha256").update(fs.readFileSync(requirements)).digest("hex");
  const folder = path.join(directory, ".venv");
  const own = path.join(folder, "bin", "python3");
  if (fs.existsSync(own) && isComplete(folder, wanted, own, requirements))
    return { python: own, reason: `.venv in ${directory}` };
  if (!fs.existsSync(folder) && satisfies("python3", requirements))
    return { python: "python3", reason: "python3 on PATH has the packages" };
  say(`propylon: making ${folder} with the packages of ${requirements}`);
  const release = lock(`${folder}.lock`);
  try {
    await run("python3", ["-m", "venv", folder], say, directory);
    await run(own, ["-m", "pip", "install", "--progress-bar", "off", "-r", requirements], say, directory);
    fs.writeFileSync(path.join(folder, COMPLETE), wanted);
  } finally {
    release();
  }
  return { python: own, reason: `.venv in ${directory}, made now` };
}

// --- internal ---

/** Ours and filled to the end, or somebody's own that has what is asked for. */
function isComplete(folder: string, wanted: string, python: string, requirements: string): boolean {
  try {
    if (fs.readFileSync(path.join(folder, COMPLETE), "utf8") === wanted) return true;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  return satisfies(python, requirements);
}

// Pins and lower bounds, which is what such files hold; anything else counts as not satisfied, and pip decides.
const CHECK = `
import re, sys
from importlib.metadata import version, PackageNotFoundError
def key(text): return [int(part) for part in re.findall(r"[0-9]+", text)]
for line in open(sys.argv[1]):
    line = line.split("#")[0].split(";")[0].strip()
    if not line: continue
    match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\\[[^\\]]*\\])?\\s*(?:(==|>=)\\s*([0-9][0-9A-Za-z.]*))?", line)
    if not match: sys.exit(1)
    try: found = version(match[1])
    except PackageNotFoundError: sys.exit(1)
    if match[2] == "==" and found != match[3] or match[2] == ">=" and key(found) < key(match[3]): sys.exit(1)
`;

function satisfies(python: string, requirements: string): boolean {
  return spawnSync(python, ["-c", CHECK, requirements], { stdio: "ignore" }).status === 0;
}

/** One at a time: a second start waits for nobody and says so. A lock whose maker is gone is taken over. */
function lock(file: string): () => void {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    const pid = Number(fs.readFileSync(file, "utf8"));
    if (isAlive(pid)) {
      throw new PropylonError("user", `Another start (process ${pid}) is filling the virtual environment`, {
        remedy: "wait for it, then start again",
      });
    }
    fs.writeFileSync(file, String(process.pid));
  }
  return () => fs.rmSync(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch {
    return false;
  }
}

function run(command: string, words: readonly string[], say: (line: string) => void, directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
    });
    const tell = (chunk: Buffer): void => {
      for (const line of chunk.toString().split("\n")) if (line.trim() !== "") say(`  ${line.trimEnd()}`);
    };
    child.stdout.on("data", tell);
    child.stderr.on("data", tell);
    const failed = (why: string): void => {
      const by_hand = `cd ${directory} && python3 -m venv .venv && .venv/bin/python3 -m pip install -r requirements.txt`;
      reject(
        new PropylonError(
          "user",
          `Cannot prepare the Python packages: ${command} ${words.slice(0, 2).join(" ")}: ${why}`,
          { remedy: `run: ${by_hand}` },
        ),
      );
    };
    child.once("error", (error) => failed(error.message));
    child.once("close", (code) => (code === 0 ? resolve() : failed(`exit code ${code}`)));
  });
}
