import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

/** The source, so that one test alone needs no build; the whole run gives what it has just compiled, which starts in half the time. */
const MAIN = process.env["TESTED_PROGRAM"] ?? path.join(import.meta.dirname, "..", "..", "src", "main.ts");

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A whole propylon, started from source as its user would. */
export interface Instance {
  readonly process: ChildProcess;
  readonly output: { out: string; err: string };
  /** `http://127.0.0.1:PORT`, once it serves; rejects when it ends before. */
  readonly url: Promise<string>;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  get(target: string, options?: http.RequestOptions & { body?: string | Buffer }): Promise<Answer>;
}

export function start(
  t: TestContext,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Instance {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PROPYLON_DEBUG: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
    child.emit("output");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
    child.emit("output");
  });
  const exited = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  const url = (async () => {
    for (;;) {
      const found = /serving .* at (https?:\/\/[^\s,]+)/.exec(output.err);
      if (found !== null) return found[1]!;
      const event = await Promise.race([once(child, "output").then(() => "output"), exited.then(() => "exited")]);
      if (event === "exited") throw new Error(`propylon ended before it served:\n${output.err}`);
    }
  })();
  url.catch(() => {}); // some tests expect the end
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
    await exited;
    clearTimeout(timer);
  });
  return {
    process: child,
    output,
    url,
    exited,
    get: async (target, request = {}) => ask(`${await url}${target}`, request),
  };
}

/** Runs a verb to its end. */
export async function run(
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

export function ask(
  url: string,
  { body, ...options }: http.RequestOptions & { body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent: false, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** A folder of its own with these files, removed after the test. */
export function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "propylon-test-")));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    fs.writeFileSync(path.join(directory, name), text);
  }
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Resolves when the condition holds; the test's own time limit ends a vain wait. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const HELLO = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
`;
