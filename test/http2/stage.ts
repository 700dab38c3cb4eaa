import type http2 from "node:http2";
import type { TestContext } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { connect, type FrameClient } from "./frame-client.ts";
import { type ServeOptions, serve, type TestServer } from "./serve.ts";

export const OK = new ResponseHead(200, [["Content-Type", "text/plain"]]);

export async function stage(
  t: TestContext,
  handle: (exchange: Exchange) => void,
  options: ServeOptions & { settings?: readonly (readonly [number, number])[] } = {},
): Promise<{ server: TestServer; client: FrameClient }> {
  const server = await serve(handle, options);
  t.after(() => server[Symbol.asyncDispose]());
  const client = await connect(server.port, options.settings);
  t.after(() => client.socket.destroy());
  return { server, client };
}

/** A request of node:http2's client, which uses Huffman coding and the dynamic table. */
export function fetch2(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<{ headers: http2.IncomingHttpHeaders; body: Buffer; trailers: http2.IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    let head: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    const pieces: Buffer[] = [];
    stream.on("response", (fields) => {
      head = fields;
    });
    stream.on("trailers", (fields) => {
      trailers = fields;
    });
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("end", () => resolve({ headers: head, body: Buffer.concat(pieces), trailers }));
    stream.on("error", reject);
    if (body !== undefined) stream.end(body);
  });
}
