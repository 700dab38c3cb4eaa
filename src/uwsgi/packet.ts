import { bad, Refusal } from "../http/refusal.ts";

/** Bytes before the variables: modifier1, the size of the variables (16 bits, little-endian), modifier2. */
export const PACKET_HEAD = 4;

/** Size of the variables. Refused: any modifier1 but 0, which alone asks for a WSGI request; others run code, reload, or kill. */
export function packetSize(head: Buffer): number | Refusal {
  if (head[0] !== 0) return new Refusal(400, `the uwsgi packet has the modifier ${head[0]}, only 0 is served`);
  return head.readUInt16LE(1);
}

/** The variables of a packet, latin-1; of equal names the last counts, as for uWSGI. Refused: lengths that lie, NULs, empty names. */
export function parseVariables(block: Buffer): Map<string, string> | Refusal {
  const variables = new Map<string, string>();
  let at = 0;
  while (at < block.length) {
    const name = textAt(block, at);
    if (name === null) return bad("a variable's name is longer than the uwsgi packet");
    at += 2 + name.length;
    const value = textAt(block, at);
    if (value === null) return bad("a variable's value is longer than the uwsgi packet");
    at += 2 + value.length;
    if (name === "" || name.includes("\0") || value.includes("\0")) return bad("a variable is empty or holds a NUL");
    variables.set(name, value);
  }
  return variables;
}

function textAt(block: Buffer, at: number): string | null {
  if (at + 2 > block.length) return null;
  const end = at + 2 + block.readUInt16LE(at);
  return end > block.length ? null : block.latin1Slice(at + 2, end);
}
