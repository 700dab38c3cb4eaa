/** An address that somebody wrote, in its one usual form (RFC 5952 §4), as the system writes those of connections. */
export function canonicalAddress(address: string): string {
  if (!address.includes(":")) return address;
  const usual = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  // IPv4 within IPv6 comes in hexadecimal from there.
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(usual);
  if (mapped === null) return usual;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
