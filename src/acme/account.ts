import { readFileSync } from "node:fs";
import https from "node:https";
import path from "node:path";
import { rootCertificates } from "node:tls";
import type { Client } from "acme-client";
import { replaceFile } from "../base/atomic-file.ts";
import { hasCode, PropylonError } from "../base/errors.ts";

export interface AccountSettings {
  /** URL of the authority's directory (RFC 8555 §7.1.1). */
  readonly directory: string;
  /** Whom the authority may write to. */
  readonly email: string | null;
  /** External account binding (RFC 8555 §7.3.4). */
  readonly binding: { readonly keyId: string; readonly hmacKey: string } | null;
  /** PEM file of the authorities that the directory's own certificate may be of, beside the public ones. */
  readonly authorities: string | null;
  /** Folder of the account's key. */
  readonly storage: string;
}

/** Longest wait for one answer of the authority, ms. */
const REQUEST_TIMEOUT = 30_000;
/** Of one request; whole orders are tried again by our own schedule. */
const RETRIES = 1;

/** What an authority is asked by. The key is made once and kept; the account is found by it, or made, at the first order. */
export async function openAccount(settings: AccountSettings): Promise<Client> {
  // Loaded here: nobody else pays its 120 ms and its memory.
  const acme = await import("acme-client");
  Object.assign(acme.axios.defaults, {
    timeout: REQUEST_TIMEOUT,
    acmeSettings: { ...acmeSettings(acme.axios.defaults), retryMaxAttempts: RETRIES },
  });
  if (settings.authorities !== null)
    acme.axios.defaults.httpsAgent = new https.Agent({
      ca: [...rootCertificates, readFileSync(settings.authorities, "utf8")],
    });
  const { binding } = settings;
  return new acme.Client({
    directoryUrl: settings.directory,
    accountKey: await accountKey(path.join(settings.storage, "account.key"), acme),
    ...(binding === null ? {} : { externalAccountBinding: { kid: binding.keyId, hmacKey: binding.hmacKey } }),
  });
}

// --- internal ---

/** The client library's own defaults, which its types leave out. */
function acmeSettings(defaults: object): object {
  return "acmeSettings" in defaults && typeof defaults.acmeSettings === "object" ? (defaults.acmeSettings ?? {}) : {};
}

async function accountKey(file: string, acme: typeof import("acme-client")): Promise<string> {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (!hasCode(cause, "ENOENT"))
      throw new PropylonError("user", `Cannot read the key of the account ${file}`, { cause });
  }
  const key = (await acme.crypto.createPrivateEcdsaKey()).toString();
  replaceFile(file, key);
  return key;
}
