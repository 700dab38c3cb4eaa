import { createPrivateKey, X509Certificate } from "node:crypto";
import { PropylonError } from "../base/errors.ts";

/**
 * Whether what an authority has sent can take the place of what we have: a certificate in PEM form, of our key, for this host, good
 * now. Throws a PropylonError that says what it is instead.
 *
 * @param now ms since 1970
 */
export function checkIssued(chain: string, key: string, host: string, now: number): void {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(chain);
  } catch (cause) {
    throw new PropylonError("user", "the authority sent no certificate", { cause });
  }
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new PropylonError("user", "the authority sent a certificate for another key");
  if (leaf.checkHost(host) === undefined)
    throw new PropylonError("user", `the authority sent a certificate for ${leaf.subjectAltName ?? "no host"}`);
  if (Date.parse(leaf.validTo) <= now)
    throw new PropylonError(
      "user",
      `the authority sent a certificate that ended on ${leaf.validTo}; is our clock right?`,
    );
}
