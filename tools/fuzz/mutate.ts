import type { Random } from "./random.ts";

/** What parsers have stumbled over. */
const WORDS = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "0",
  "\r\n\r\n",
  "0\r\n\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: +5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: xchunked\r\n",
  "Connection: close\r\n",
  "Connection: upgrade\r\nUpgrade: h2c\r\n",
  "Expect: 100-continue\r\n",
  "Host: b\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "HTTP/1.0",
  "HTTP/1.1",
  "ffffffffffffffff",
  "\x1b[31m",
  "%00",
  "../",
  "\xff",
];

/** A message with some faults: bytes (latin-1) changed, removed, repeated, inserted, or joined with another message's. */
export function mutate(message: string, others: readonly string[], random: Random): string {
  let text = message;
  for (let faults = random.below(5); faults > 0; faults--) {
    const at = random.below(text.length + 1);
    const length = random.size(40);
    const [before, after] = [text.slice(0, at), text.slice(at)];
    switch (random.below(8)) {
      case 0:
        text = before + String.fromCharCode(random.below(256)) + after.slice(1);
        break;
      case 1:
        text = before + after.slice(length);
        break;
      case 2:
        text = before + after.slice(0, length).repeat(random.below(8)) + after;
        break;
      case 3:
      case 4:
        text = before + random.pick(WORDS) + after;
        break;
      case 5: {
        const other = random.pick(others);
        text = before + other.slice(random.below(other.length + 1));
        break;
      }
      case 6:
        text = before + "a".repeat(random.size(70_000)) + after;
        break;
      default:
        text = before;
    }
  }
  return text;
}

/** The message in the pieces that it is written in. */
export function cut(text: string, random: Random): string[] {
  const pieces: string[] = [];
  let rest = text;
  for (let cuts = random.size(6); cuts > 0 && rest.length > 1; cuts--) {
    const at = 1 + random.below(Math.min(rest.length - 1, 200));
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...pieces, rest];
}
