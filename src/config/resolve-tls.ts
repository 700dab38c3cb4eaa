import { resolve } from "node:path";
import type { TlsConfig } from "./model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import { managedFiles, resolveManaged } from "./resolve-managed-tls.ts";
import type { Path } from "./sourced.ts";
import type { TlsSettings } from "./tls-schema.ts";

/** TLS of a listener; the files have to be there, what is in them is looked at when they are loaded. */
export function resolveTls(
  settings: TlsSettings,
  at: Path,
  siteHosts: readonly string[],
  context: ResolveContext,
): TlsConfig {
  const { directory, disk, problems } = context;
  const managed = resolveManaged(settings, at, siteHosts, context);
  const file = (written: string, where: Path): string => {
    const path = resolve(directory, written);
    if (!disk.isFile(path)) problems.error(where, `there is no file ${path}`);
    return path;
  };
  const { certificate, key, certificates, client_ca } = settings;
  if ((certificate === undefined) !== (key === undefined))
    problems.error(
      [...at, certificate === undefined ? "certificate" : "key"],
      "missing: certificate and key belong together",
    );
  if (certificate === undefined && key === undefined && (certificates ?? []).length === 0 && managed === null)
    problems.error([...at, "certificate"], "missing: TLS needs a certificate and its key", {
      remedy: "or acme: true for one of Let's Encrypt, internal: true for development",
    });
  if (settings.client !== undefined && settings.client !== "any" && client_ca === undefined)
    problems.error([...at, "client"], "only with client_ca clients show certificates", { at: "key" });
  if (settings.client_crl !== undefined && client_ca === undefined)
    problems.error([...at, "client_crl"], "only with client_ca certificates of clients are looked at", { at: "key" });
  const own =
    certificate === undefined || key === undefined
      ? []
      : [{ certificate: file(certificate, [...at, "certificate"]), key: file(key, [...at, "key"]) }];
  const further = (certificates ?? []).map((pair, index) => ({
    certificate: file(pair.certificate, [...at, "certificates", index, "certificate"]),
    key: file(pair.key, [...at, "certificates", index, "key"]),
    ...(pair.chain === undefined ? {} : { chain: file(pair.chain, [...at, "certificates", index, "chain"]) }),
  }));
  return {
    managed,
    certificates: [...own, ...further, ...managedFiles(managed)],
    clientAuthorities: client_ca === undefined ? null : file(client_ca, [...at, "client_ca"]),
    clients: settings.client ?? (client_ca === undefined ? "none" : "required"),
    clientRevocations: settings.client_crl === undefined ? null : file(settings.client_crl, [...at, "client_crl"]),
    keyPasswords: settings.key_passwords === undefined ? null : file(settings.key_passwords, [...at, "key_passwords"]),
    refuseUnknown: settings.unknown_names === "refuse",
    minimum: settings.minimum === "1.3" ? "TLSv1.3" : "TLSv1.2",
    ciphers: settings.ciphers ?? null,
  };
}
