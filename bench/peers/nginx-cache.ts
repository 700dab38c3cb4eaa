import path from "node:path";
import { nginx, nginxVersion } from "./nginx.ts";
import type { Peer } from "./peer.ts";
import { proxied, proxiedSocket } from "./proxied.ts";

/** NGINX before another server with `proxy_cache`; its files stay in the page cache, and open. */
export function nginxCache(workers: number): Peer {
  return {
    name: "nginx",
    versions: () => `${nginxVersion()}, ${workers} worker processes, proxy_cache for 10 minutes, open_file_cache`,
    prepare: (_task, place) => [
      proxied(place),
      nginx(place, {
        workers,
        http: `upstream behind { server unix:${proxiedSocket(place)}; keepalive 128; keepalive_requests 1000000000; }
  proxy_cache_path ${path.join(place.folder, "cache")} keys_zone=pages:10m;`,
        location: `proxy_pass http://behind;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_cache pages;
      proxy_cache_valid 200 10m;`,
      }),
    ],
  };
}
