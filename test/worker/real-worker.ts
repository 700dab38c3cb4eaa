import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import type net from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import type { Stage } from "../app/stage.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");

export interface WorkerOptions {
  readonly target?: string;
  readonly script?: string;
  readonly lanes?: number;
  readonly python?: string;
  readonly directory?: string;
  readonly tracebacks?: boolean;
  readonly factory?: boolean;
  /** Settings of ASGI apps. */
  readonly asgi?: Readonly<Record<string, unknown>>;
}

/** A real worker process, started as main does it. */
export interface RealWorker {
  readonly process: ChildProcess;
  /** What it said on its control channel. */
  readonly said: Record<string, unknown>[];
  /** What it wrote to fd 1 and 2. */
  readonly output: { out: string; err: string };
  say(message: unknown): void;
  /** Resolves when it has said something with this key. */
  heard(key: string): Promise<Record<string, unknown>>;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
}

export function startWorker(t: TestContext, stage: Stage, id: number, options: WorkerOptions = {}): RealWorker {
  const lanes = options.lanes ?? 1;
  const page = stage.activate(id, lanes);
  const child = spawn(options.python ?? "python3", [path.join(ROOT, "python", "propylon_worker"), "test", String(id)], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  const said: Record<string, unknown>[] = [];
  const output = { out: "", err: "" };
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  const control = child.stdio[3] as net.Socket;
  let rest = "";
  control.on("error", () => {});
  control.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop()!;
    for (const line of lines) said.push(JSON.parse(line) as Record<string, unknown>);
    control.emit("said");
  });
  const exited = once(child, "exit").then(([code, signal]) => {
    stage.pool.workerExited(id);
    return { code: code as number | null, signal: signal as string | null };
  });
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const load =
    options.script === undefined
      ? { kind: "module", target: options.target ?? "kinds:app" }
      : { kind: "script", path: options.script, attribute: "application" };
  const directory = options.directory ?? path.join(import.meta.dirname, "apps");
  const say = (message: unknown): void => void control.write(`${JSON.stringify(message)}\n`);
  say({
    settings: {
      socket: stage.socket,
      page,
      worker: id,
      app: "test",
      lanes,
      load,
      factory: options.factory ?? null,
      directory,
      pythonpath: [],
      tracebacks: options.tracebacks ?? false,
      profile: "",
      concurrency: 100,
      ...options.asgi,
    },
  });
  return {
    process: child,
    said,
    output,
    say,
    exited,
    async heard(key) {
      for (;;) {
        const found = said.find((message) => key in message);
        if (found !== undefined) return found;
        await once(control, "said");
      }
    },
  };
}

/** The Python interpreters of this machine, 3.8 to 3.14, one of each version. */
export function interpreters(): { version: string; path: string }[] {
  const pyenv = path.join(os.homedir(), ".pyenv", "versions");
  const found = new Map<string, string>();
  const folders = (process.env["PATH"] ?? "").split(":");
  for (let minor = 8; minor <= 14; minor++) {
    for (const folder of folders) {
      const candidate = path.join(folder, `python3.${minor}`);
      // Shims of version managers run the version that a folder asks for, which may be none.
      if (fs.existsSync(candidate) && !folder.includes("shims")) found.set(`3.${minor}`, candidate);
    }
  }
  for (const version of fs.existsSync(pyenv) ? fs.readdirSync(pyenv) : []) {
    const minor = /^3\.(\d+)/.exec(version);
    if (minor !== null && Number(minor[1]) >= 8)
      found.set(`3.${minor[1]}`, path.join(pyenv, version, "bin", "python3"));
  }
  return [...found]
    .map(([version, file]) => ({ version, path: file }))
    .sort((a, b) => Number(a.version.slice(2)) - Number(b.version.slice(2)));
}
