import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const SCRIPT = path.join(import.meta.dirname, "report.lua");

export interface Load {
  readonly url: string;
  readonly headers: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Bytes of each request's body; left out: GET. */
  readonly upload?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

interface Report {
  readonly requests: number;
  readonly microseconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly timeout: number;
  readonly status: number;
}

/** Loads a server with wrk, one thread. Throws when a single request failed. */
export async function wrk(load: Load): Promise<LoadResult> {
  const headers = load.headers.flatMap((header) => ["-H", header]);
  const args = [
    "-t1",
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    "--timeout",
    "10s",
    "-s",
    SCRIPT,
    ...headers,
    load.url,
  ];
  const env = { ...process.env, PROPYLON_BENCH_UPLOAD: String(load.upload ?? 0) };
  const { stdout } = await promisify(execFile)("wrk", args, { env });
  return readReport(stdout);
}

function readReport(output: string): LoadResult {
  const line = output.split("\n").find((candidate) => candidate.startsWith("REPORT "));
  if (line === undefined) throw new Error(`run wrk: it reported nothing:\n${output}`);
  const report = JSON.parse(line.slice("REPORT ".length)) as Report;
  const errors = (["connect", "read", "write", "timeout", "status"] as const).filter((kind) => report[kind] > 0);
  if (errors.length > 0) {
    const list = errors.map((kind) => `${report[kind]} ${kind}`).join(", ");
    throw new Error(`${report.requests} requests, with errors: ${list} (status: answers of 400 and above)`);
  }
  if (report.requests === 0) throw new Error("not a single request was answered");
  return {
    requests: report.requests,
    perSecond: report.requests / (report.microseconds / 1e6),
    p50: report.p50 / 1000,
    p99: report.p99 / 1000,
  };
}
