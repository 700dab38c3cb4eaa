import path from "node:path";
import type { Peer } from "./peer.ts";

/** A prototype of the data path in `folder`: `edge.mjs PORT MODULE:APP WORKERS LANES DEPTH PYTHON`. */
export function prototype(folder: string): Peer {
  return {
    name: "prototype",
    versions: () => `Node ${process.version}, from ${folder}`,
    prepare: (task, place) => {
      const counts = [String(task.processes), String(task.threads)];
      const args = [
        path.resolve(folder, "edge.mjs"),
        String(place.port),
        `${task.module}:app`,
        ...counts,
        "8",
        place.python,
      ];
      return [{ command: process.execPath, args }];
    },
  };
}
