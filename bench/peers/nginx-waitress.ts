import path from "node:path";
import { nginx, nginxVersion } from "./nginx.ts";
import { PROXY } from "./nginx-gunicorn.ts";
import { packageVersion } from "./package-version.ts";
import type { Peer } from "./peer.ts";

/** NGINX in front of Waitress over a Unix socket. Waitress is one process by design; it gets its four threads at least. */
export function nginxWaitress(workers: number, python: string): Peer {
  return {
    name: "nginx+waitress",
    versions: () => {
      const version = packageVersion(python, "waitress");
      return `${nginxVersion()}, ${workers} worker processes; waitress ${version}, one process, at least 4 threads, Unix socket`;
    },
    prepare: (task, place) => {
      const socket = path.join(place.folder, "waitress.sock");
      const threads = Math.max(4, task.processes * task.threads);
      const args = ["-m", "waitress", `--unix-socket=${socket}`, "--unix-socket-perms=666", `--threads=${threads}`];
      args.push("--backlog=1024", "--connection-limit=1000", "--channel-timeout=120", `${task.module}:app`);
      const http = `upstream app { server unix:${socket}; keepalive 64; }`;
      return [{ command: place.python, args }, nginx(place, { workers, http, location: PROXY })];
    },
  };
}
