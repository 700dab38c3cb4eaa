import { encodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./static-table.ts";

// Names and whole fields of the static table. The client's dynamic table is never used: so a block means the same on every
// connection, can be kept with its head, and costs a connection no memory.
const names = new Map<string, number>();
const fields = new Map<string, number>();
for (const [at, [name, value]] of STATIC_TABLE.entries()) {
  if (!names.has(name)) names.set(name, at + 1);
  if (value !== "") fields.set(`${name}:${value}`, at + 1);
}

/** Values that a proxy between must not keep in its tables either (RFC 7541 §7.1.3). */
const SECRET = new Set(["authorization", "set-cookie"]);

/** A field in HPACK, as latin-1 text; name in lower case. It changes no table. */
export function encodeField(name: string, value: string): string {
  const whole = fields.get(`${name}:${value}`);
  if (whole !== undefined) return integer(whole, 7, 0x80);
  const index = names.get(name);
  const form = SECRET.has(name) ? 0x10 : 0;
  return (index === undefined ? String.fromCharCode(form) + text(name) : integer(index, 4, form)) + text(value);
}

/** The shorter of both forms of a string (RFC 7541 §5.2). */
function text(plain: string): string {
  const coded = encodeHuffman(plain);
  return coded.length < plain.length ? integer(coded.length, 7, 0x80) + coded : integer(plain.length, 7, 0) + plain;
}

function integer(value: number, prefix: number, form: number): string {
  const mask = (1 << prefix) - 1;
  if (value < mask) return String.fromCharCode(form | value);
  let encoded = String.fromCharCode(form | mask);
  let rest = value - mask;
  while (rest >= 128) {
    encoded += String.fromCharCode((rest & 127) | 128);
    rest >>>= 7;
  }
  return encoded + String.fromCharCode(rest);
}
