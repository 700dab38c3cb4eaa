import { spawnSync } from "node:child_process";
import type { Peer } from "./peer.ts";

/** Granian, which is a front and a host of Python in one as we are; null where the interpreter doesn't have it. */
export function granian(python: string): Peer | null {
  const asked = spawnSync(python, ["-c", "import granian; print(granian.__version__)"], { encoding: "utf8" });
  if (asked.status !== 0) return null;
  return {
    name: "granian",
    versions: () => `${asked.stdout.trim()}, one runtime thread a worker, no logs`,
    prepare: (task, place) => {
      const words = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", String(place.port)];
      words.push("--workers", String(task.processes), "--blocking-threads", String(task.threads), "--no-log");
      return [{ command: place.python, args: [...words, "--backlog", "1024", `${task.module}:app`] }];
    },
  };
}
