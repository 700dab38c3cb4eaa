import type { ManagedCertificate } from "../tls/managed-file.ts";

const MINUTE = 60_000;
/** Waits after a first, second, ... failure: authorities count failures per host and hour. */
const FIRST_WAIT = MINUTE;
const LONGEST_WAIT = 6 * 60 * MINUTE;

/**
 * When a certificate is to be renewed, ms since 1970: when a third of its life is left, and up to 5 % of its life earlier, so that
 * many do not come at once. At once when there is none yet.
 *
 * @param random of 0 to 1
 */
export function renewalTime(kept: ManagedCertificate | null, random: number): number {
  if (kept === null || kept.placeholder) return 0;
  const life = kept.until - kept.from;
  return kept.until - life / 3 - random * 0.05 * life;
}

/** How long to wait after so many failures in a row, ms: doubled each time, up to 6 h, give or take a fifth. */
export function failureWait(failures: number, random: number): number {
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.max(0, failures - 1));
  return wait * (0.8 + 0.4 * random);
}
