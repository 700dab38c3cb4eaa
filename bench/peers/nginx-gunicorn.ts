import path from "node:path";
import { nginx, nginxVersion } from "./nginx.ts";
import { packageVersion } from "./package-version.ts";
import type { Peer } from "./peer.ts";

/** NGINX in front of Gunicorn over a Unix socket: its sync worker for one thread, else gthread. */
export function nginxGunicorn(workers: number, python: string): Peer {
  return {
    name: "nginx+gunicorn",
    versions: () => {
      const version = packageVersion(python, "gunicorn");
      return `${nginxVersion()}, ${workers} worker processes; gunicorn ${version}, Unix socket, no access log`;
    },
    prepare: (task, place) => {
      const socket = path.join(place.folder, "gunicorn.sock");
      const args = [
        "-m",
        "gunicorn",
        "--bind",
        `unix:${socket}`,
        "--chdir",
        place.apps,
        "--workers",
        String(task.processes),
      ];
      args.push("--backlog", "1024", "--log-level", "warning");
      // The sync worker closes each connection; gthread keeps them.
      if (task.threads > 1)
        args.push("--worker-class", "gthread", "--threads", String(task.threads), "--keep-alive", "75");
      args.push(`${task.module}:app`);
      const kept = task.threads > 1 ? "keepalive 64;" : "";
      const http = `upstream app { server unix:${socket}; ${kept} }`;
      return [{ command: place.python, args }, nginx(place, { workers, http, location: PROXY })];
    },
  };
}

/** HTTP/1.1 and an empty Connection field, which nginx needs to keep upstream connections. */
export const PROXY =
  'proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;';
