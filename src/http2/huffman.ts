/**
 * The Huffman code of HPACK (RFC 7541 Appendix B). It is canonical (§5.2), so the lengths of the 257 codes say all: here as
 * letters, A for 5 bits to Z for 30, in the order of the symbols; the last one is EOS.
 */
const LENGTHS =
  "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXX" +
  "BFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF" +
  "IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJB" +
  "KABABABBBACCBBBABCBAABCCCCCKGJIX" +
  "PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSST" +
  "RQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS" +
  "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWW" +
  "PTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV" +
  "Z";
const EOS = 256;

const lengths: Uint8Array = Uint8Array.from(LENGTHS, (letter) => letter.charCodeAt(0) - 60);
const codes: Uint32Array = canonicalCodes();

// The decoder goes by half bytes. A state is an inner node of the tree; entry `state * 16 + nibble` says where the four bits lead, and
// which symbol they complete: no code is shorter than five bits, so at most one.
const { next, symbol, accepting } = transitions();
const NONE = -1;
const DEAD = -2;

/** The text (latin-1) of `bytes[from, to)`, or null when it is not well-formed: EOS within, or padding that is not EOS' first bits, at most 7 (§5.2). */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string | null {
  const out = Buffer.allocUnsafe((to - from) * 2);
  let length = 0;
  let state = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const at = state * 16 + ((byte >> shift) & 15);
      const found = symbol[at]!;
      if (found === DEAD) return null;
      if (found !== NONE) out[length++] = found;
      state = next[at]!;
    }
  }
  return accepting[state] === 1 ? out.latin1Slice(0, length) : null;
}

/** `text` (latin-1) encoded, as latin-1 text; padded with the first bits of EOS. */
export function encodeHuffman(text: string): string {
  let encoded = "";
  // At most 7 bits left over and a code of 30: a double holds them exactly.
  let bits = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bits = bits * 2 ** lengths[code]! + codes[code]!;
    count += lengths[code]!;
    while (count >= 8) {
      count -= 8;
      const byte = Math.floor(bits / 2 ** count);
      encoded += String.fromCharCode(byte);
      bits -= byte * 2 ** count;
    }
  }
  if (count > 0) encoded += String.fromCharCode((bits << (8 - count)) | (255 >> count));
  return encoded;
}

// --- internal ---

/** Codes in the order of their lengths, then of their symbols, count upwards. */
function canonicalCodes(): Uint32Array {
  const order = Array.from(lengths, (_, at) => at).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const assigned = new Uint32Array(lengths.length);
  let code = 0;
  let before = lengths[order[0]!]!;
  for (const at of order) {
    code *= 2 ** (lengths[at]! - before);
    before = lengths[at]!;
    assigned[at] = code++;
  }
  return assigned;
}

interface Node {
  readonly state: number;
  readonly children: (Node | number | undefined)[];
}

function transitions(): { next: Uint16Array; symbol: Int16Array; accepting: Uint8Array } {
  const nodes: Node[] = [];
  const node = (): Node => {
    const made = { state: nodes.length, children: [undefined, undefined] };
    nodes.push(made);
    return made;
  };
  const root = node();
  for (let at = 0; at <= EOS; at++) {
    let here = root;
    for (let bit = lengths[at]! - 1; bit > 0; bit--) here = step(here, (codes[at]! >>> bit) & 1, node);
    here.children[codes[at]! & 1] = at;
  }
  const table = {
    next: new Uint16Array(nodes.length * 16),
    symbol: new Int16Array(nodes.length * 16).fill(-1),
    accepting: new Uint8Array(nodes.length),
  };
  for (const from of nodes) for (let nibble = 0; nibble < 16; nibble++) walk(from, nibble, root, table);
  // Where up to seven ones lead from the root: what may stand at the end as padding.
  let here = root;
  table.accepting[here.state] = 1;
  for (let ones = 0; ones < 7; ones++) {
    here = here.children[1] as Node;
    table.accepting[here.state] = 1;
  }
  return table;
}

function step(from: Node, bit: number, make: () => Node): Node {
  const child = from.children[bit] ?? make();
  from.children[bit] = child;
  return child as Node;
}

function walk(from: Node, nibble: number, root: Node, table: { next: Uint16Array; symbol: Int16Array }): void {
  const at = from.state * 16 + nibble;
  let here = from;
  for (let bit = 3; bit >= 0; bit--) {
    const child = here.children[(nibble >> bit) & 1];
    if (child === EOS || child === undefined) {
      table.symbol[at] = -2;
      return;
    }
    if (typeof child === "number") {
      table.symbol[at] = child;
      here = root;
    } else {
      here = child;
    }
  }
  table.next[at] = here.state;
}
