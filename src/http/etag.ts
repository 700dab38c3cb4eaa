/**
 * A strong entity tag (RFC 9110 §8.8.3) of a file: its modification time in nanoseconds and its size, in hexadecimal. The
 * inode is left out, so that machines with equal copies agree. `variant` (a content coding) makes the tags of one file's
 * encodings differ, as §8.8.3.3 wants.
 */
export function fileEtag(modifiedNanoseconds: bigint, size: bigint, variant = ""): string {
  return `"${modifiedNanoseconds.toString(16)}-${size.toString(16)}${variant === "" ? "" : `-${variant}`}"`;
}

/** `If-Match` and `If-None-Match` (RFC 9110 §13.1.1, §13.1.2): `*`, or tags as received; null when the syntax is wrong. */
export function parseEtagList(value: string): "*" | readonly string[] | null {
  if (value === "*") return "*";
  const tags: string[] = [];
  let at = 0;
  while (at < value.length) {
    TAG.lastIndex = at;
    const match = TAG.exec(value);
    if (match === null) return null;
    // Empty list elements are allowed (RFC 9110 §5.6.1.2).
    if (match[1] !== undefined) tags.push(match[1]);
    at = TAG.lastIndex;
  }
  return tags.length === 0 ? null : tags;
}

/** Strong comparison (RFC 9110 §8.8.3.2): equal, and neither is weak. */
export function strongMatch(a: string, b: string): boolean {
  return a === b && !isWeak(a);
}

/** Weak comparison (RFC 9110 §8.8.3.2): equal opaque tags. */
export function weakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

/** Whether this is one entity tag, as `If-Range` may hold. */
export function isEtag(value: string): boolean {
  return ONE_TAG.test(value);
}

// etagc = %x21 / %x23-7E / obs-text; then the comma that ends the element, or the end of the value.
const TAG = /[ \t]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")?[ \t]*(?:,|$)/y;
const ONE_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

function isWeak(tag: string): boolean {
  return tag.startsWith("W/");
}

function opaque(tag: string): string {
  return isWeak(tag) ? tag.slice(2) : tag;
}
