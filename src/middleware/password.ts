import { createHash, timingSafeEqual } from "node:crypto";
import { compareSync } from "bcryptjs";
import { md5Crypt, shaCrypt } from "./crypt.ts";

/** Longer ones are no passwords, and some hashes cost their square. */
const LONGEST = 512;

/**
 * Whether the password (bytes) has this hash: bcrypt, `$apr1$`, `$1$`, `$5$`, `$6$`, `{SHA}` or `{SSHA}`; what is none of them
 * never has. Takes up to seconds, as the hash wants it: not for the event loop.
 */
export function isPassword(password: Buffer, hash: string): boolean {
  // No known hash is of a password with NUL: bcrypt in C ends there.
  if (password.length > LONGEST || password.includes(0)) return false;
  if (/^\$2[aby]\$/.test(hash)) return compareSync(password.toString(), hash);
  const crypted = /^(\$(?:apr1|1|5|6)\$)(?:rounds=(\d+)\$)?([^$]*)\$/.exec(hash);
  if (crypted !== null) {
    const [, kind, rounds, salt] = crypted;
    if (kind === "$apr1$" || kind === "$1$") return isSame(md5Crypt(password, kind, salt!.slice(0, 8)), hash);
    const digest = shaCrypt(password, kind === "$5$" ? "sha256" : "sha512", salt!, Number(rounds ?? 5000));
    return isSame(digest, hash.slice(hash.lastIndexOf("$") + 1));
  }
  const digest = /^\{(S?)SHA\}(.+)$/.exec(hash);
  if (digest === null) return false;
  const bytes = Buffer.from(digest[2]!, "base64");
  const salt = digest[1] === "S" ? bytes.subarray(20) : Buffer.alloc(0);
  const made = createHash("sha1").update(password).update(salt).digest();
  return bytes.length >= 20 && timingSafeEqual(made, bytes.subarray(0, 20));
}

// --- internal ---

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a, "latin1"), Buffer.from(b, "latin1")];
  return one.length === other.length && timingSafeEqual(one, other);
}
