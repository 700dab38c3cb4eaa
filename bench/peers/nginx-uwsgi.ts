import { spawnSync } from "node:child_process";
import path from "node:path";
import { nginx, nginxVersion } from "./nginx.ts";
import type { Peer, Place, Program, Task } from "./peer.ts";

/** NGINX in front of uWSGI over a Unix socket, uWSGI's request log off. */
export function nginxUwsgi(workers: number): Peer {
  return {
    name: "nginx+uwsgi",
    versions: () => {
      const uwsgiVersion = spawnSync("uwsgi", ["--version"], { encoding: "utf8" }).stdout.trim();
      return `${nginxVersion()}, ${workers} worker processes; uWSGI ${uwsgiVersion}, Unix socket, no logs`;
    },
    prepare: (task, place) => {
      const socket = path.join(place.folder, "uwsgi.sock");
      const location = `include /etc/nginx/uwsgi_params; uwsgi_pass unix:${socket};`;
      return [uwsgi(task, place, socket), nginx(place, { workers, http: "", location })];
    },
  };
}

/** uWSGI on a Unix socket, speaking its own protocol, on `puwsgi-socket` over connections that it keeps. */
export function uwsgi(task: Task, place: Place, socket: string, option = "--socket"): Program {
  const args = ["--plugin", "python3", "--master", "--die-on-term", "--need-app", "--single-interpreter"];
  args.push("--chdir", place.apps, "--module", `${task.module}:app`, option, socket, "--listen", "1024");
  args.push("--processes", String(task.processes), "--disable-logging");
  if (task.threads > 1) args.push("--enable-threads", "--threads", String(task.threads));
  // Serialises accept among processes with a mutex: without it each connection wakes them all.
  if (task.processes > 1) args.push("--thunder-lock");
  return { command: "uwsgi", args };
}
