import { isIP } from "node:net";
import { join, resolve } from "node:path";
import type { ManagedTls, TlsConfig } from "./model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import type { Path } from "./sourced.ts";
import { LETS_ENCRYPT, type TlsSettings } from "./tls-schema.ts";

/** Where certificates lie that we keep, below the configuration's folder. */
const STORAGE = ".propylon/certificates";
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "::1"];

/** What `acme` and `internal` ask for; null when neither does. */
export function resolveManaged(
  settings: TlsSettings,
  at: Path,
  siteHosts: readonly string[],
  context: ResolveContext,
): ManagedTls | null {
  const acme = settings.acme === true ? {} : settings.acme || null;
  const internal = settings.internal === true ? {} : settings.internal || null;
  if (acme !== null && internal !== null)
    context.problems.error([...at, "internal"], "certificates come from an authority or are our own, not both", {
      at: "key",
      remedy: "leave acme or internal out; a profile can have the other",
    });
  if (acme !== null) return resolveAcme(acme, [...at, "acme"], siteHosts, context);
  if (internal === null) return null;
  const hosts = lower(internal.hosts ?? [...siteHosts, ...LOCAL_HOSTS]);
  const storage = storageOf(internal, context);
  return { kind: "internal", kept: [{ file: fileOf(storage, hosts[0]!), hosts }], storage, account: null };
}

/** The files that are kept, as those of a listener. */
export function managedFiles(managed: ManagedTls | null): TlsConfig["certificates"] {
  return (managed?.kept ?? []).map(({ file }) => ({ certificate: file, key: file }));
}

// --- internal ---

type AcmeSettings = Exclude<TlsSettings["acme"], boolean | undefined>;

function resolveAcme(
  settings: Partial<AcmeSettings>,
  at: Path,
  siteHosts: readonly string[],
  context: ResolveContext,
): ManagedTls {
  const { problems, directory, disk } = context;
  const hosts = lower(settings.hosts ?? siteHosts);
  if (hosts.length === 0)
    problems.error(at, "there is no host name to get a certificate for", {
      remedy: "give sites their hosts, or list them here as hosts: [example.org]",
    });
  for (const host of hosts)
    if (isIP(host) !== 0 || !host.includes("."))
      problems.error(settings.hosts === undefined ? at : [...at, "hosts"], `no public authority certifies "${host}"`, {
        remedy: "name the hosts that are known to the world; internal: true is for the others",
      });
  const url = settings.directory ?? LETS_ENCRYPT;
  if (!URL.canParse(url) || new URL(url).protocol !== "https:")
    problems.error([...at, "directory"], `expected a URL with https, got "${url}"`);
  const { key_id, hmac_key } = settings;
  if ((key_id === undefined) !== (hmac_key === undefined))
    problems.error([...at, key_id === undefined ? "hmac_key" : "key_id"], "key_id and hmac_key belong together", {
      at: "key",
    });
  const authorities = settings.authorities === undefined ? null : resolve(directory, settings.authorities);
  if (authorities !== null && !disk.isFile(authorities))
    problems.error([...at, "authorities"], `there is no file ${authorities}`);
  const storage = storageOf(settings, context);
  const binding = key_id === undefined || hmac_key === undefined ? null : { keyId: key_id, hmacKey: hmac_key };
  return {
    kind: "acme",
    kept: hosts.map((host) => ({ file: fileOf(storage, host), hosts: [host] })),
    storage,
    account: { directory: url, email: settings.email ?? null, binding, authorities, storage },
  };
}

function fileOf(storage: string, host: string): string {
  return join(storage, `${host.replaceAll(":", "_")}.pem`);
}

function storageOf(settings: { readonly storage?: string | undefined }, { directory }: ResolveContext): string {
  return resolve(directory, settings.storage ?? STORAGE);
}

function lower(hosts: readonly string[]): readonly string[] {
  return [...new Set(hosts.map((host) => host.toLowerCase().replace(/\.$/, "")))];
}
