import { nginx, nginxVersion } from "./nginx.ts";
import type { Peer } from "./peer.ts";

/** NGINX serving files from a folder. */
export function nginxStatic(workers: number): Peer {
  return {
    name: "nginx",
    versions: () => `${nginxVersion()}, ${workers} worker processes, open_file_cache`,
    prepare: (_task, place) => [nginx(place, { workers, http: "", location: `root ${place.files};` })],
  };
}
