const MULTIPLIER = 0x5bd1e995;
const WHOLE = 0xffffffff;

/** MurmurHash2 (Austin Appleby) of 32 bits with the seed 0, as NGINX's `split_clients` uses it. */
export function murmurHash2(data: Uint8Array): number {
  let hash = data.length;
  const whole = data.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let block = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    block = Math.imul(block, MULTIPLIER);
    block ^= block >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(block, MULTIPLIER);
  }
  const left = data.length - whole;
  if (left > 2) hash ^= data[whole + 2]! << 16;
  if (left > 1) hash ^= data[whole + 1]! << 8;
  if (left > 0) hash = Math.imul(hash ^ data[whole]!, MULTIPLIER);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Below which hash each of these shares ends (in percent, of which hundredths count). */
export function boundsOf(shares: readonly number[]): readonly number[] {
  let end = 0;
  return shares.map((share) => {
    end += Math.floor((Math.round(share * 100) * WHOLE) / 10_000);
    return end;
  });
}
