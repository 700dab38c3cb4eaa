import path from "node:path";
import { nginx, nginxVersion } from "./nginx.ts";
import { PROXY } from "./nginx-gunicorn.ts";
import { packageVersion } from "./package-version.ts";
import type { Peer } from "./peer.ts";

/** NGINX in front of uvicorn over a Unix socket, connections kept; uvicorn with httptools and uvloop, its fastest parts. */
export function nginxUvicorn(workers: number, python: string): Peer {
  return {
    name: "nginx+uvicorn",
    versions: () => {
      const [uvicorn, uvloop, httptools] = ["uvicorn", "uvloop", "httptools"].map((one) => packageVersion(python, one));
      return `${nginxVersion()}, ${workers} worker processes; uvicorn ${uvicorn}, uvloop ${uvloop}, httptools ${httptools}, Unix socket, no access log`;
    },
    prepare: (task, place) => {
      const socket = path.join(place.folder, "uvicorn.sock");
      const args = ["-m", "uvicorn", "--uds", socket, "--app-dir", place.apps, "--workers", String(task.processes)];
      args.push("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning");
      args.push(`${task.module}:app`);
      const http = `upstream app { server unix:${socket}; keepalive 64; }`;
      return [{ command: place.python, args }, nginx(place, { workers, http, location: PROXY })];
    },
  };
}
