import { PropylonError } from "../../base/errors.ts";
import type { Protocol, UpstreamRequest } from "../protocol.ts";
import { CgiAnswer } from "./cgi-answer.ts";

/** SCGI: a netstring of variables, CONTENT_LENGTH first, the body as it is, one answer a connection. */
export const scgiProtocol: Protocol = {
  name: "scgi",
  begin,
  frame: (_request, piece) => [piece],
  finish: () => null,
  answer: (request, sink) => new CgiAnswer(request, sink),
};

function begin(request: UpstreamRequest): Buffer {
  let text = `CONTENT_LENGTH\0${request.bodyLength}\0SCGI\x001\0`;
  for (const [name, value] of request.parameters) {
    if (name === "CONTENT_LENGTH" || name === "SCGI") continue;
    if (name === "" || name.includes("\0") || value.includes("\0"))
      throw new PropylonError(
        "user",
        `the variable ${JSON.stringify(name)} is empty or holds a NUL, which SCGI can't say`,
      );
    text += `${name}\0${value}\0`;
  }
  return Buffer.from(`${text.length}:${text},`, "latin1");
}
