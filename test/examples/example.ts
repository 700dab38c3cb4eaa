import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { prepareEnvironment } from "../../src/process/environment.ts";
import { folder, type Instance, start } from "../support/instance.ts";

/** A copy of an example in a folder of its own, without what its runs left, and a Python that has its packages. */
export interface Example {
  readonly cwd: string;
  readonly python: string;
  /** `propylon ARGS` there, on a port of its own. */
  serve(args?: readonly string[], env?: Record<string, string>): Instance;
}

export async function example(t: TestContext, name: string): Promise<Example> {
  const source = path.join(import.meta.dirname, "..", "..", "examples", name);
  const prepared = await prepareEnvironment(source, (line) => process.stderr.write(`${line}\n`));
  if (prepared === null) throw new Error(`${source} has no requirements.txt`);
  const { python } = prepared;
  const cwd = folder(t);
  fs.cpSync(source, cwd, { recursive: true, filter: (file) => !LEFT.test(path.relative(source, file)) });
  return {
    cwd,
    python,
    serve: (args = ["run"], env = {}) =>
      start(t, [...args, "--listen", "127.0.0.1:0", "--python", python], { cwd, env }),
  };
}

/**
 * Runs a server that is not ours until the test ends, and resolves with its URL once it has printed one. The server is
 * killed with its process group.
 */
export async function serveBeside(
  t: TestContext,
  { cwd, python }: Example,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const server = spawn(python, args, {
    cwd,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const closed = once(server, "close");
  t.after(() => {
    if (server.exitCode === null && server.signalCode === null) process.kill(-server.pid!, "SIGKILL");
    return closed;
  });
  let said = "";
  const found = new Promise<string>((resolve) => {
    for (const stream of [server.stdout, server.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const url = /http:\/\/[\w.]+:\d+(?=\/?\s)/.exec(said)?.[0];
        if (url !== undefined) resolve(url);
      });
  });
  const ended = closed.then(() => {
    throw new Error(`${args.join(" ")} ended before it served:\n${said}`);
  });
  ended.catch(() => {}); // ends with the test
  return Promise.race([found, ended]);
}

// --- internal ---

/** What runs of an example leave in its folder. */
const LEFT = /(?:^|\/)(?:\.venv|\.propylon|__pycache__|data)(?:\/|$)|\.(?:db|sqlite3)/;
