import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { replaceFile } from "../base/atomic-file.ts";
import { PropylonError } from "../base/errors.ts";
import { readCertificatePair } from "./certificate-pair.ts";

/** In the subject of certificates that only stand in until a real one is there. */
export const PLACEHOLDER = "Propylon placeholder";

/** A certificate that Propylon keeps: when it begins and ends to be valid (ms since 1970). */
export interface ManagedCertificate {
  readonly from: number;
  readonly until: number;
  readonly placeholder: boolean;
  /** Whether it is for this host name or IP address. */
  readonly isFor: (host: string) => boolean;
}

/** What is in the file; null when there is none, or none that can be used: another is made then. */
export function readManaged(file: string): ManagedCertificate | null {
  if (!existsSync(file)) return null;
  try {
    const { expires } = readCertificatePair(file, file);
    const leaf = new X509Certificate(readFileSync(file));
    return {
      from: Date.parse(leaf.validFrom),
      until: expires,
      // Public authorities leave the subject empty, and then it is not even a text.
      placeholder: ((leaf.subject as string | undefined) ?? "").includes(PLACEHOLDER),
      isFor: (host) => (net.isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined,
    };
  } catch (error) {
    if (error instanceof PropylonError) return null;
    throw error;
  }
}

/** Writes key and chain as one file that only we may read, so that both always belong together. */
export function writeManaged(file: string, key: string, chain: string): void {
  const folder = path.dirname(file);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    replaceFile(file, `${key.trim()}\n${chain.trim()}\n`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PropylonError("user", `Cannot keep the certificate ${file}: ${why}`, {
      cause,
      remedy: `make ${folder} writable for us, or name another folder as storage`,
    });
  }
}
