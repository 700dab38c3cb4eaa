import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { nginx, nginxVersion } from "./nginx.ts";
import type { Peer, Place } from "./peer.ts";
import { COMMAND, propylon } from "./propylon.ts";

/** This checkout serving files over TLS, and HTTP/2 to who asks for it. */
export function propylonSecure(): Peer {
  return {
    name: "propylon",
    versions: propylon().versions,
    secure: true,
    prepare: (_task, place) => {
      const { certificate, key } = makePair(place);
      const file = path.join(place.folder, "propylon.yaml");
      const tls = `tls: { certificate: ${JSON.stringify(certificate)}, key: ${JSON.stringify(key)} }`;
      fs.writeFileSync(
        file,
        `listeners: [{ address: "127.0.0.1:${place.port}", ${tls} }]
sites: [{ routes: [{ path: /, static: ${JSON.stringify(place.files)} }] }]
`,
      );
      return [{ command: COMMAND, args: ["run", file] }];
    },
  };
}

/** NGINX doing the same. */
export function nginxSecure(workers: number): Peer {
  return {
    name: "nginx",
    versions: () => `${nginxVersion()}, ${workers} worker processes, open_file_cache, TLS and HTTP/2`,
    secure: true,
    prepare: (_task, place) => [
      nginx(place, { workers, http: "", location: `root ${place.files};`, pair: makePair(place) }),
    ],
  };
}

/** A certificate for the curve that most of the web uses. */
function makePair({ folder }: Place): { certificate: string; key: string } {
  const [certificate, key] = [path.join(folder, "site.pem"), path.join(folder, "site.key")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const words = ["req", "-x509", ...curve, "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  execFileSync("openssl", [...words, "-keyout", key, "-out", certificate], { stdio: "pipe" });
  return { certificate, key };
}
