import { execFileSync } from "node:child_process";
import path from "node:path";

export interface MadeCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** A self-signed certificate for these names, in two files of the folder. Made by openssl, in about 20 ms. */
export function makeCertificate(folder: string, name: string, hosts: readonly string[]): MadeCertificate {
  const certificate = path.join(folder, `${name}.pem`);
  const key = path.join(folder, `${name}.key`);
  const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(",");
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync(
    "openssl",
    [...words, "-keyout", key, "-out", certificate, "-subj", `/CN=${hosts[0]}`, "-addext", `subjectAltName=${names}`],
    { stdio: "pipe" },
  );
  return { certificate, key };
}
