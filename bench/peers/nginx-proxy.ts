import { nginx, nginxVersion } from "./nginx.ts";
import type { Peer } from "./peer.ts";
import { proxied, proxiedSocket } from "./proxied.ts";

/** NGINX before another server, with connections kept to it and the forwarding fields that we send too. */
export function nginxProxy(workers: number): Peer {
  return {
    name: "nginx",
    versions: () => `${nginxVersion()}, ${workers} worker processes, keep-alive to the upstream`,
    prepare: (_task, place) => [
      proxied(place),
      nginx(place, {
        workers,
        http: `upstream behind { server unix:${proxiedSocket(place)}; keepalive 128; keepalive_requests 1000000000; }`,
        location: `proxy_pass http://behind;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;`,
      }),
    ],
  };
}
