import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Place, Program } from "./peer.ts";

/** NGINX as one tunes it for speed: no access log, connections kept, file handles cached. */
export interface NginxSettings {
  readonly workers: number;
  /** Directives of the http block, such as an upstream. */
  readonly http: string;
  /** Directives of `location /`. */
  readonly location: string;
  /** Speak TLS, and HTTP/2 with clients that ask for it. */
  readonly pair?: { readonly certificate: string; readonly key: string };
}

export function nginx(place: Place, settings: NginxSettings): Program {
  const file = path.join(place.folder, "nginx.conf");
  fs.writeFileSync(file, configuration(place, settings));
  return { command: "nginx", args: ["-e", path.join(place.folder, "nginx-error.log"), "-p", place.folder, "-c", file] };
}

export function nginxVersion(): string {
  return spawnSync("nginx", ["-v"], { encoding: "utf8" }).stderr.trim().replace("nginx version: ", "");
}

function configuration({ folder, port }: Place, { workers, http, location, pair }: NginxSettings): string {
  const temporary = ["client_body", "proxy", "uwsgi", "fastcgi", "scgi"];
  return `
daemon off;
worker_processes ${workers};
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log warn;
worker_rlimit_nofile 32768;
events { worker_connections 16384; }
http {
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n  ")}
  include /etc/nginx/mime.types;
  access_log off;
  sendfile on;
  client_max_body_size 64m;
  tcp_nopush on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=60s;
  open_file_cache_valid 30s;
  ${http}
  server {
    listen 127.0.0.1:${port} ${pair === undefined ? "" : "ssl http2 "}backlog=4096;
    ${pair === undefined ? "" : `ssl_certificate ${pair.certificate}; ssl_certificate_key ${pair.key};`}
    location / {
      ${location}
    }
  }
}
`;
}
