import { HttpAnswer } from "./http-answer.ts";
import type { AnswerParser, AnswerSink, Protocol, UpstreamRequest } from "./protocol.ts";

const LAST_CHUNK = Buffer.from("0\r\n\r\n");
const CRLF = Buffer.from("\r\n");
/** Methods whose request without a body says so (RFC 9110 §8.6). */
const WITH_CONTENT = new Set(["POST", "PUT", "PATCH"]);

/** HTTP/1.1 to a target (RFC 9112). */
export const httpProtocol: Protocol = {
  name: "http",

  begin(request: UpstreamRequest): string {
    let head = `${request.method} ${request.target} HTTP/1.1\r\n`;
    if (request.lines === undefined) for (const [name, value] of request.headers) head += `${name}: ${value}\r\n`;
    else head += request.lines;
    if (request.upgrade !== undefined) head += `Upgrade: ${request.upgrade}\r\nConnection: upgrade\r\n`;
    else if (!request.keepAlive) head += "Connection: close\r\n";
    if (request.bodyLength > 0) head += `Content-Length: ${request.bodyLength}\r\n`;
    else if (request.bodyLength < 0) head += "Transfer-Encoding: chunked\r\n";
    else if (WITH_CONTENT.has(request.method)) head += "Content-Length: 0\r\n";
    return `${head}\r\n`;
  },

  frame(request: UpstreamRequest, piece: Buffer): readonly Buffer[] {
    if (request.bodyLength >= 0) return [piece];
    // An empty chunk would end the body.
    return piece.length === 0 ? [] : [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF];
  },

  finish(request: UpstreamRequest, trailers: readonly (readonly [string, string])[] = []): Buffer | null {
    if (request.bodyLength >= 0) return null;
    if (trailers.length === 0) return LAST_CHUNK;
    return Buffer.from(`0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`, "latin1");
  },

  answer(request: UpstreamRequest, sink: AnswerSink): AnswerParser {
    return new HttpAnswer(request, sink);
  },
};
