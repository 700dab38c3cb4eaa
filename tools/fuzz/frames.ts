import { frameHead, PREFACE } from "../../src/http2/frame.ts";
import { encodeField } from "../../src/http2/header-encoder.ts";
import type { Random } from "./random.ts";

const NAMES = [
  "accept",
  "cookie",
  "content-length",
  "te",
  "host",
  "connection",
  "x",
  "X",
  ":path",
  ":method",
  "",
  "a b",
  "expect",
];
const VALUES = [
  "",
  "a",
  "0",
  "5",
  " a",
  "a\r\nb: c",
  "a\0b",
  "trailers",
  "b.example",
  "100-continue",
  "\xff",
  "y".repeat(300),
];

/** A whole connection of HTTP/2 as a client might speak it: mostly right, in the order that chance wants. */
export function conversation(random: Random): string {
  let text = random.once(40) ? PREFACE.slice(0, random.below(24)) : PREFACE;
  if (!random.once(40)) text += frame(random, 4, 0, 0, settings(random));
  let stream = 1;
  for (let frames = random.below(30); frames > 0; frames--) {
    const here = random.once(6) ? random.below(20) : Math.max(1, stream - 2 * random.below(3));
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        text += headers(random, stream);
        stream += 2;
        break;
      case 4:
      case 5:
        text += frame(random, 0, random.pick([0, 1, 8, 9]), here, "x".repeat(random.size(3000)));
        break;
      case 6:
        text += frame(random, 8, 0, random.pick([0, here]), uint32(random.pick([0, 1, 1000, 100_000, 0x7fffffff])));
        break;
      case 7:
        text += frame(random, 3, 0, here, uint32(random.below(16)));
        break;
      case 8:
        text += frame(random, 4, random.once(3) ? 1 : 0, 0, settings(random));
        break;
      case 9:
        text += frame(random, 6, random.below(2), 0, "12345678");
        break;
      case 10:
        text += headers(random, here);
        break;
      default:
        text += frame(random, random.below(12), random.below(64), here, bytes(random, random.size(200)));
    }
  }
  return text;
}

function headers(random: Random, stream: number): string {
  const fields: [string, string][] = [
    [":method", random.pick(["GET", "POST", "HEAD", "OPTIONS", "CONNECT", "G T"])],
    [":scheme", "http"],
    [":authority", "a.example"],
    [":path", random.pick(["/", "/stream", "/large", "/fail", "*", "/%2e%2e/", "/a b", "x"])],
  ];
  for (let more = random.size(8); more > 0; more--) fields.push([random.pick(NAMES), random.pick(VALUES)]);
  if (random.once(10)) fields.splice(random.below(fields.length), 1);
  let block = fields.map(([name, value]) => encodeField(name, value)).join("");
  // Into the dynamic table, out of it, and beyond it.
  if (random.once(3)) block += `\x40${encodeField("x-new", "v".repeat(random.size(500))).slice(1)}\xbe`;
  if (random.once(6)) block += bytes(random, random.size(30));
  const ended = random.below(2);
  if (!random.once(5)) return frame(random, 1, 4 | ended, stream, block);
  const at = random.below(block.length + 1);
  return frame(random, 1, ended, stream, block.slice(0, at)) + frame(random, 9, 4, stream, block.slice(at));
}

function settings(random: Random): string {
  let text = "";
  for (let count = random.below(4); count > 0; count--)
    text += `\0${String.fromCharCode(random.below(10))}${uint32(random.pick([0, 1, 100, 16_384, 65_535, 1 << 24, 0x7fffffff, 0xffffffff]))}`;
  return text;
}

function frame(random: Random, type: number, flags: number, stream: number, payload: string): string {
  const wrong = random.once(100) ? random.below(20) - 10 : 0;
  return frameHead(Math.max(0, payload.length + wrong), type, flags, stream) + payload;
}

function bytes(random: Random, count: number): string {
  return Array.from({ length: count }, () => String.fromCharCode(random.below(256))).join("");
}

function uint32(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
