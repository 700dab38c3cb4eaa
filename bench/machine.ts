import { spawnSync } from "node:child_process";
import os from "node:os";
import type { Benchmark } from "./context.ts";
import { packageVersion } from "./peers/package-version.ts";

/** What was measured where, without which a figure says nothing. */
export function describeMachine(benchmarks: readonly Benchmark[], python: string): Record<string, string> {
  const peers = new Map(benchmarks.flatMap((benchmark) => benchmark.peers).map((peer) => [peer.name, peer]));
  return {
    date: new Date().toISOString(),
    machine: `${os.cpus().length} x ${os.cpus()[0]?.model ?? "unknown"}, Linux ${os.release()}`,
    commit: firstLine("git", ["-C", import.meta.dirname, "describe", "--always", "--dirty"]),
    load: firstLine("wrk", ["--version"]).replace(/ Copyright.*/, ""),
    python: `${firstLine(python, ["--version"])}, Flask ${packageVersion(python, "flask")}`,
    ...Object.fromEntries([...peers].map(([name, peer]) => [name, peer.versions()])),
  };
}

function firstLine(command: string, args: readonly string[]): string {
  const run = spawnSync(command, args, { encoding: "utf8" });
  return `${run.stdout ?? ""}${run.stderr ?? ""}`.split("\n")[0]!.trim() || "unknown";
}
