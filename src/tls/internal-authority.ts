import { readFileSync } from "node:fs";
import path from "node:path";
import { replaceFile } from "../base/atomic-file.ts";
import { type Issued, issueCertificate, makeAuthority } from "./issue.ts";
import { readManaged, writeManaged } from "./managed-file.ts";

/** Days: browsers take no longer ones from public authorities, and none needs longer here. */
const LEAF_DAYS = 90;
const AUTHORITY_DAYS = 3650;

/** What browsers and tools are told to trust. */
export function authorityFile(storage: string): string {
  return path.join(storage, "authority.crt");
}

/**
 * Sees to it that `file` has a certificate of our own authority for these hosts, good for a third of its life at least; makes the
 * authority when there is none. Returns whether one was made. Throws a PropylonError when the folder can't be written.
 */
export async function ensureInternal(
  storage: string,
  file: string,
  hosts: readonly string[],
  now = Date.now(),
): Promise<boolean> {
  const kept = readManaged(file);
  if (kept !== null && hosts.every(kept.isFor) && kept.until - now > (kept.until - kept.from) / 3) return false;
  const authority = await ensureAuthority(storage);
  const { certificate, key } = await issueCertificate({ name: hosts[0]!, hosts, days: LEAF_DAYS }, authority);
  writeManaged(file, key, `${certificate}\n${authority.certificate}`);
  return true;
}

// --- internal ---

async function ensureAuthority(storage: string): Promise<Issued> {
  const file = path.join(storage, "authority.pem");
  if (readManaged(file) === null) {
    const made = await makeAuthority("Propylon local authority", AUTHORITY_DAYS);
    writeManaged(file, made.key, made.certificate);
    replaceFile(authorityFile(storage), `${made.certificate}\n`, 0o644);
  }
  const text = readFileSync(file, "utf8");
  const at = text.indexOf("-----BEGIN CERTIFICATE-----");
  return { key: text.slice(0, at), certificate: text.slice(at) };
}
