/** Bodies that answer again and again as they are, so that what is made of them is worth keeping: those of stored answers. */
const bodies = new WeakSet<Buffer>();

/** Says that this body will be sent many times, and never changes. */
export function markLasting(body: Buffer): void {
  bodies.add(body);
}

export function isLasting(body: Buffer): boolean {
  return bodies.has(body);
}
