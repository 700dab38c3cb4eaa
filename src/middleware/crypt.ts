import { createHash } from "node:crypto";

/** What crypt(3) writes bits with: not the alphabet of base64. */
const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** MD5-crypt of FreeBSD (`$1$`) and Apache (`$apr1$`), the whole hash. `salt`: up to eight characters. */
export function md5Crypt(password: Buffer, magic: "$1$" | "$apr1$", salt: string): string {
  const salted = Buffer.from(salt, "latin1");
  const inner = md5(password, salted, password);
  const first = createHash("md5").update(password).update(magic).update(salted);
  for (let left = password.length; left > 0; left -= 16) first.update(inner.subarray(0, Math.min(16, left)));
  for (let bits = password.length; bits > 0; bits >>= 1)
    first.update((bits & 1) === 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  let digest = first.digest();
  for (let round = 0; round < 1000; round++) {
    const odd = (round & 1) === 1;
    const hash = createHash("md5").update(odd ? password : digest);
    if (round % 3 !== 0) hash.update(salted);
    if (round % 7 !== 0) hash.update(password);
    digest = hash.update(odd ? digest : password).digest();
  }
  const groups = [0, 1, 2, 3, 4].map((i) =>
    encode(digest[i]!, digest[i + 6]!, i === 4 ? digest[5]! : digest[i + 12]!, 4),
  );
  return `${magic}${salt}$${groups.join("")}${encode(0, 0, digest[11]!, 2)}`;
}

/** SHA-crypt (U. Drepper, "Unix crypt using SHA-256 and SHA-512"), the digest's part of the hash. */
export function shaCrypt(password: Buffer, algorithm: "sha256" | "sha512", saltText: string, written: number): string {
  const salt = Buffer.from(saltText.slice(0, 16), "latin1");
  const size = algorithm === "sha256" ? 32 : 64;
  const hash = (...parts: readonly Buffer[]): Buffer => {
    const one = createHash(algorithm);
    for (const part of parts) one.update(part);
    return one.digest();
  };
  const inner = hash(password, salt, password);
  const first = createHash(algorithm).update(password).update(salt).update(repeated(inner, password.length));
  for (let bits = password.length; bits > 0; bits >>= 1) first.update((bits & 1) === 1 ? inner : password);
  let digest = first.digest();
  const long = createHash(algorithm);
  for (let i = 0; i < password.length; i++) long.update(password);
  const p = repeated(long.digest(), password.length);
  const spiced = createHash(algorithm);
  for (let i = 0; i < 16 + digest[0]!; i++) spiced.update(salt);
  const s = repeated(spiced.digest(), salt.length);
  const rounds = Math.min(Math.max(written, 1000), 999_999_999);
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1;
    const one = createHash(algorithm).update(odd ? p : digest);
    if (round % 3 !== 0) one.update(s);
    if (round % 7 !== 0) one.update(p);
    digest = one.update(odd ? digest : p).digest();
  }
  return size === 32 ? encode256(digest) : encode512(digest);
}

// --- internal ---

function md5(...parts: readonly Buffer[]): Buffer {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, length === 0 ? 0 : bytes);
}

/** 24 bits, the lowest six first. */
function encode(high: number, middle: number, low: number, characters: number): string {
  let bits = (high << 16) | (middle << 8) | low;
  let text = "";
  for (let i = 0; i < characters; i++) {
    text += ALPHABET[bits & 63];
    bits >>= 6;
  }
  return text;
}

/** The order of bytes turns by one place from group to group. */
function encode256(digest: Buffer): string {
  let text = "";
  for (let i = 0, [a, b, c] = [0, 10, 20]; i < 10; i++) {
    text += encode(digest[a]!, digest[b]!, digest[c]!, 4);
    [a, b, c] = [c + 1, a + 1, b + 1];
  }
  return text + encode(0, digest[31]!, digest[30]!, 3);
}

function encode512(digest: Buffer): string {
  let text = "";
  for (let i = 0, [a, b, c] = [0, 21, 42]; i < 21; i++) {
    text += encode(digest[a]!, digest[b]!, digest[c]!, 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  return text + encode(0, 0, digest[63]!, 2);
}
