import fs from "node:fs";
import path from "node:path";
import { uwsgi } from "./nginx-uwsgi.ts";
import type { Peer } from "./peer.ts";
import { COMMAND, propylon } from "./propylon.ts";

/** This checkout in front of uWSGI, in NGINX's place. */
export function propylonUwsgi(): Peer {
  return {
    name: "propylon+uwsgi",
    versions: propylon().versions,
    prepare: (task, place) => {
      const socket = path.join(place.folder, "uwsgi.sock");
      const file = path.join(place.folder, "propylon.yaml");
      const sites = `sites: [{ routes: [{ proxy: "uwsgi://unix:${socket}" }] }]`;
      fs.writeFileSync(file, `listeners: ["127.0.0.1:${place.port}"]\n${sites}\n`);
      return [uwsgi(task, place, socket), { command: COMMAND, args: ["run", file] }];
    },
  };
}

/** The same over kept connections: uWSGI's `puwsgi-socket`, which NGINX does not speak. */
export function propylonPuwsgi(): Peer {
  return {
    name: "propylon+puwsgi",
    versions: propylon().versions,
    prepare: (task, place) => {
      const socket = path.join(place.folder, "uwsgi.sock");
      const file = path.join(place.folder, "propylon.yaml");
      const target = `{ address: "puwsgi://unix:${socket}", max_connections: ${task.processes * task.threads} }`;
      fs.writeFileSync(
        file,
        `listeners: ["127.0.0.1:${place.port}"]
upstreams: { kept: { targets: [${target}] } }
sites: [{ routes: [{ proxy: kept }] }]
`,
      );
      return [uwsgi(task, place, socket, "--puwsgi-socket"), { command: COMMAND, args: ["run", file] }];
    },
  };
}
