import fs from "node:fs";
import path from "node:path";
import type { Peer } from "./peer.ts";
import { COMMAND, propylon } from "./propylon.ts";
import { proxied, proxiedSocket } from "./proxied.ts";

/** This checkout before another server, with its cache on. */
export function propylonCache(): Peer {
  return {
    name: "propylon",
    versions: () => `${propylon().versions()}, answers cached for 10 minutes`,
    prepare: (_task, place) => {
      const file = path.join(place.folder, "propylon.yaml");
      fs.writeFileSync(
        file,
        `listeners: ["127.0.0.1:${place.port}"]
upstreams: { behind: { targets: ["unix:${proxiedSocket(place)}"], keepalive: 128 } }
sites: [{ routes: [{ proxy: behind, cache: { ttl: 10m } }] }]
`,
      );
      return [proxied(place), { command: COMMAND, args: ["run", file] }];
    },
  };
}
