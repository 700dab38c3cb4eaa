import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Load, LoadResult } from "./wrk.ts";

/** Requests at once on each connection. */
const STREAMS = 16;

/** Loads a server by HTTP/2 with h2load, one thread, 16 streams a connection. Throws when a single request failed. */
export async function h2load({ url, headers, connections, seconds }: Load): Promise<LoadResult> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-bench-h2load-"));
  const log = path.join(folder, "log");
  try {
    const fields = headers.flatMap((header) => ["-H", header]);
    const args = ["-t1", `-c${connections}`, `-m${STREAMS}`, `-D${seconds}`, `--log-file=${log}`, ...fields, url];
    const { stdout } = await promisify(execFile)("h2load", args, { maxBuffer: 16 * 1024 * 1024 });
    return readReport(stdout, fs.readFileSync(log, "utf8"), seconds);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** `output`: what h2load says; `log`: a line `start status microseconds` a request. */
export function readReport(output: string, log: string, seconds: number): LoadResult {
  if (!/^Application protocol: h2$/m.test(output)) throw new Error(`h2load did not speak HTTP/2:\n${output}`);
  const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(output);
  if (failed === null) throw new Error(`run h2load: it reported nothing:\n${output}`);
  if (Number(failed[1]) + Number(failed[2]) + Number(failed[3]) > 0)
    throw new Error(`requests with errors: ${failed[0]}`);
  const times: number[] = [];
  for (const line of log.split("\n")) {
    const [, status, time] = line.split("\t");
    if (time === undefined) continue;
    if (status !== "200") throw new Error(`an answer of status ${status}`);
    times.push(Number(time));
  }
  if (times.length === 0) throw new Error("not a single request was answered");
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.floor(times.length * part)]! / 1000;
  return { requests: times.length, perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99) };
}
