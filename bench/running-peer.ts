import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Peer, Task } from "./peers/peer.ts";
import { processTree } from "./process-tree.ts";

/** A peer must answer within this many ms of its start, and end within STOP_TIMEOUT of a SIGTERM. */
const START_TIMEOUT = 20_000;
const STOP_TIMEOUT = 10_000;
/** Between two looks, ms; bounds the error of the time to ready. */
const LOOK = 5;

export interface Surroundings {
  readonly python: string;
  readonly apps: string;
  readonly files: string;
}

/** A peer's programs while they run: started and stopped by us, in a folder and on a port of their own. */
export class RunningPeer {
  readonly peer: Peer;
  readonly port: number;
  /** From the first program's start to the first answer, in ms. */
  readonly readyAfter: number;
  readonly #folder: string;
  readonly #children: readonly ChildProcess[];

  private constructor(peer: Peer, port: number, readyAfter: number, folder: string, children: readonly ChildProcess[]) {
    this.peer = peer;
    this.port = port;
    this.readyAfter = readyAfter;
    this.#folder = folder;
    this.#children = children;
  }

  /** Starts the peer and waits until it answers `probe` (a path) with 200. */
  static async start(peer: Peer, task: Task, surroundings: Surroundings, probe: string): Promise<RunningPeer> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-bench-"));
    const port = await freePort();
    const programs = peer.prepare(task, { ...surroundings, folder, port });
    const began = performance.now();
    const output = fs.openSync(path.join(folder, "output.log"), "a");
    const environment = { ...process.env, PYTHONPATH: surroundings.apps, PYTHONDONTWRITEBYTECODE: "1" };
    const children = programs.map(({ command, args }) =>
      // The prototype makes its socket where it stands; apps are found by PYTHONPATH.
      spawn(command, args, { cwd: folder, env: environment, stdio: ["ignore", output, output] }),
    );
    fs.closeSync(output);
    const failed = new Promise<never>((_, reject) => {
      for (const child of children) {
        child.once("error", reject);
        child.once("exit", (code, signal) =>
          reject(new Error(`${child.spawnfile} ended: ${signal ?? `exit ${code}`}`)),
        );
      }
    });
    // Ends that come after the start are those that stop() asks for; a crash shows as failed requests.
    failed.catch(() => {});
    const looking = new AbortController();
    try {
      await Promise.race([failed, answered(port, probe, peer.secure === true, looking.signal)]);
      return new RunningPeer(peer, port, performance.now() - began, folder, children);
    } catch (error) {
      looking.abort();
      const log = fs.readFileSync(path.join(folder, "output.log"), "utf8").slice(-2000);
      await stopAll(children);
      fs.rmSync(folder, { recursive: true, force: true });
      throw new Error(`start ${peer.name}: ${error instanceof Error ? error.message : error}\n${log}`, {
        cause: error,
      });
    }
  }

  url(target: string): string {
    return `${this.peer.secure ? "https" : "http"}://127.0.0.1:${this.port}${target}`;
  }

  /** Every process of it. */
  pids(): number[] {
    return processTree(this.#children.map((child) => child.pid!));
  }

  async stop(): Promise<void> {
    await stopAll(this.#children);
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Status and body of one GET; `upload`: bytes of a POST. */
export function get(
  port: number,
  target: string,
  headers: readonly string[] = [],
  upload = 0,
  secure = false,
): Promise<{ status: number; body: Buffer }> {
  const fields = Object.fromEntries(
    headers.map((header) => [header.slice(0, header.indexOf(":")), header.slice(header.indexOf(":") + 2)]),
  );
  return new Promise((resolve, reject) => {
    const method = upload > 0 ? "POST" : "GET";
    const where = { host: "127.0.0.1", port, path: target, rejectUnauthorized: false };
    const options = { ...where, method, headers: fields, agent: false };
    const request = (secure ? https : http).request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end(upload > 0 ? Buffer.alloc(upload, "0123456789abcde\n") : undefined);
  });
}

async function answered(port: number, probe: string, secure: boolean, signal: AbortSignal): Promise<void> {
  const end = performance.now() + START_TIMEOUT;
  let last = "nothing listens";
  while (performance.now() < end && !signal.aborted) {
    try {
      const { status, body } = await get(port, probe, [], 0, secure);
      if (status === 200) return;
      last = `status ${status}: ${body.toString().slice(0, 200)}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await pause(LOOK);
  }
  throw new Error(`no answer within ${START_TIMEOUT / 1000} s (${last})`);
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function stopAll(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(children.map(stopOne));
}

async function stopOne(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT);
  await ended;
  clearTimeout(timer);
}
