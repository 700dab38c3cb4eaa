import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Peer, Place, Program, Task } from "./peer.ts";

/** The checkout's command, compiled. */
export const COMMAND = path.join(import.meta.dirname, "../../bin/propylon");

/** This checkout, compiled, as users start it; no access log, as with the others. */
export function propylon(): Peer {
  return {
    name: "propylon",
    versions: () => {
      const version = spawnSync(COMMAND, ["--version"], { encoding: "utf8" }).stdout.trim();
      return `${version}, Node ${process.version}, one edge, no access log`;
    },
    prepare: (task, place) => [task.module === null ? files(place) : app(task.module, task, place)],
  };
}

function app(module: string, task: Task, place: Place): Program {
  const args = [`${module}:app`, "--listen", `127.0.0.1:${place.port}`, "--python", place.python];
  args.push("--workers", String(task.processes), "--threads", String(task.threads));
  return { command: COMMAND, args };
}

function files(place: Place): Program {
  const file = path.join(place.folder, "propylon.yaml");
  const routes = `sites: [{ routes: [{ path: /, static: ${JSON.stringify(place.files)} }] }]`;
  fs.writeFileSync(file, `listeners: ["127.0.0.1:${place.port}"]\n${routes}\n`);
  return { command: COMMAND, args: ["run", file] };
}
