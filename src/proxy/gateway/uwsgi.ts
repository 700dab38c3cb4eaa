import { PropylonError } from "../../base/errors.ts";
import type { Protocol, UpstreamRequest } from "../protocol.ts";
import { CgiAnswer } from "./cgi-answer.ts";

/** The size field has 16 bits. */
const LARGEST = 0xffff;

/** The uwsgi protocol: one packet of variables (modifier 0, a WSGI request), the body as it is, one answer a connection. */
export const uwsgiProtocol: Protocol = {
  name: "uwsgi",
  begin,
  frame: (_request, piece) => [piece],
  finish: () => null,
  answer: (request, sink) => new CgiAnswer(request, sink),
};

/** The same on connections that are kept (uWSGI's `puwsgi-socket`): what ends an answer is its Content-Length alone. */
export const puwsgiProtocol: Protocol = {
  ...uwsgiProtocol,
  name: "puwsgi",
  answer: (request, sink) => new CgiAnswer(request, sink, "kept"),
};

function begin(request: UpstreamRequest): Buffer {
  let size = 0;
  for (const [name, value] of request.parameters) size += 4 + name.length + value.length;
  if (size > LARGEST)
    throw new PropylonError("user", `the request's variables take ${size} bytes, uwsgi has room for ${LARGEST}`);
  const packet = Buffer.allocUnsafe(4 + size);
  packet[0] = 0;
  packet.writeUInt16LE(size, 1);
  packet[3] = 0;
  let at = 4;
  const add = (text: string): void => {
    packet.writeUInt16LE(text.length, at);
    packet.latin1Write(text, at + 2);
    at += 2 + text.length;
  };
  for (const [name, value] of request.parameters) {
    add(name);
    add(value);
  }
  return packet;
}
