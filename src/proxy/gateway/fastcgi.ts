import type { Protocol, UpstreamRequest } from "../protocol.ts";
import { FastcgiAnswer } from "./fastcgi-answer.ts";
import { BEGIN_REQUEST, PARAMS, recordHead, STDIN } from "./fastcgi-records.ts";

/** Content of one record: the largest multiple of eight bytes that the length field has room for. */
const LARGEST = 0xfff8;
const RESPONDER = 1;
const KEEP_CONNECTION = 1;
const END_OF_BODY = recordHead(STDIN, 0, 0);

/** FastCGI 1.0 as a responder is asked: one request at a time on a connection, which may be kept. */
export const fastcgiProtocol: Protocol = {
  name: "fastcgi",
  begin,
  frame: (_request, piece) => [...records(STDIN, piece)],
  finish: () => END_OF_BODY,
  answer: (request, sink) => new FastcgiAnswer(request, sink),
};

function begin(request: UpstreamRequest): Buffer {
  const opening = Buffer.alloc(8);
  opening[1] = RESPONDER;
  opening[2] = request.keepAlive ? KEEP_CONNECTION : 0;
  return Buffer.concat([
    recordHead(BEGIN_REQUEST, opening.length, 0),
    opening,
    ...records(PARAMS, Buffer.concat(request.parameters.map(([name, value]) => pair(name, value)))),
    recordHead(PARAMS, 0, 0),
  ]);
}

/** A stream's bytes as records; none for none, since an empty record ends the stream. */
function* records(type: number, content: Buffer): Iterable<Buffer> {
  for (let at = 0; at < content.length; at += LARGEST) {
    const piece = content.subarray(at, at + LARGEST);
    const padding = -piece.length & 7;
    yield recordHead(type, piece.length, padding);
    yield piece;
    if (padding > 0) yield Buffer.alloc(padding);
  }
}

function pair(name: string, value: string): Buffer {
  return Buffer.concat([length(name), length(value), Buffer.from(name + value, "latin1")]);
}

/** One byte up to 127, else four with the highest bit set. */
function length(text: string): Buffer {
  if (text.length < 0x80) return Buffer.from([text.length]);
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE((text.length | 0x80000000) >>> 0, 0);
  return bytes;
}
