import fs from "node:fs";
import path from "node:path";
import type { Place, Program } from "./peer.ts";

/** What the server behind the proxies answers, by path. */
export const PROXIED = {
  small: { target: "/small", content: Buffer.from("Hello, World!") },
  large: { target: "/64k.txt", content: Buffer.alloc(64 * 1024, "0123456789abcde\n") },
} as const;

/** The Unix socket of the server behind. */
export function proxiedSocket({ folder }: Place): string {
  return path.join(folder, "behind", "nginx.sock");
}

/** An NGINX with one worker on a Unix socket: the same for every proxy, and faster than any of them. */
export function proxied(place: Place): Program {
  const folder = path.join(place.folder, "behind");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "64k.txt"), PROXIED.large.content);
  const file = path.join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "uwsgi", "fastcgi", "scgi"];
  fs.writeFileSync(
    file,
    `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ")}
  access_log off;
  default_type text/plain;
  keepalive_requests 1000000000;
  open_file_cache max=10 inactive=60s;
  server {
    listen unix:${proxiedSocket(place)};
    root ${folder};
    location = ${PROXIED.small.target} { return 200 "${PROXIED.small.content}"; }
  }
}
`,
  );
  return { command: "nginx", args: ["-e", path.join(folder, "error.log"), "-p", folder, "-c", file] };
}
