import fs from "node:fs";
import path from "node:path";
import type { Peer } from "./peer.ts";
import { COMMAND, propylon } from "./propylon.ts";

/** This checkout with so many routes, of which the last but one is asked for. */
export function propylonRoutes(count: number): Peer {
  return {
    name: `propylon, ${count} routes`,
    versions: propylon().versions,
    prepare: (_task, place) => {
      const file = path.join(place.folder, "propylon.yaml");
      const routes = Array.from(
        { length: count - 1 },
        (_, at) => `      - { path: /section-${at}/page, respond: other }`,
      );
      const last = "      - { path: /asked/for, respond: { body: found } }\n      - { respond: rest }";
      fs.writeFileSync(
        file,
        `listeners: ["127.0.0.1:${place.port}"]\nsites:\n  - routes:\n${[...routes.slice(1), last].join("\n")}\n`,
      );
      return [{ command: COMMAND, args: ["run", file] }];
    },
  };
}
