import type { CompressConfig } from "../config/route-model.ts";
import { type Coding, chooseCoding, parseAcceptEncoding } from "../http/accept-encoding.ts";
import type { Exchange, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import { isLasting } from "../http/lasting.ts";
import { ResponseHead } from "../http/response-head.ts";
import { CompressedStream, FileStream } from "./compressed-body.ts";
import { CompressedCopies } from "./compressed-copies.ts";
import { compressNow } from "./compressor.ts";

/** Bodies up to this size are compressed at once: a few tenths of a millisecond; larger ones on zlib's own threads. */
const AT_ONCE = 32 * 1024;

const copies = new CompressedCopies();

/**
 * Compresses answers on their way to the client (RFC 9110 §8.4): those of the configured types, whole (200 and errors, no part of
 * a file), not compressed already, not marked `no-transform`. Whether or not this client gets it compressed, `Vary` tells caches
 * that others may. A strong ETag becomes weak, since it names other bytes (§8.8.3).
 */
export class CompressFilter implements ResponseFilter {
  readonly #config: CompressConfig;
  readonly #types: ReadonlySet<string>;

  constructor(config: CompressConfig) {
    this.#config = config;
    this.#types = new Set(config.types);
  }

  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void {
    if (!this.#concerns(head, body)) return exchange.respond(head, body);
    const weights = parseAcceptEncoding(exchange.headers.list("accept-encoding"));
    const coding = chooseCoding(weights, this.#config.codings);
    if (coding === null)
      return exchange.respond(new ResponseHead(head.status, varied(head.headers), head.reason), body);
    const compressed = new ResponseHead(head.status, compressedFields(head.headers, coding), head.reason);
    // Neither has content, but both tell what a GET would get.
    if (exchange.method === "HEAD" || body === null) return exchange.respond(compressed, body);
    exchange.respond(compressed, this.#compress(body, coding));
  }

  fail(exchange: Exchange, status: number, reason: string, headers: readonly (readonly [string, string])[]): void {
    exchange.fail(status, reason, headers);
  }

  // --- internal ---

  #compress(body: Exclude<ResponseBody, null>, coding: Coding): ResponseBody {
    const { level } = this.#config;
    if (!Buffer.isBuffer(body))
      return new CompressedStream(body.kind === "file" ? new FileStream(body) : body, coding, level);
    if (body.length > AT_ONCE) return new CompressedStream(new BufferStream(body), coding, level);
    return isLasting(body) ? copies.get(body, coding, level) : compressNow(coding, level, body);
  }

  #concerns({ status, headers }: ResponseHead, body: ResponseBody): boolean {
    if (status < 200 || status === 204 || status === 205 || status === 206 || status === 304) return false;
    if (body !== null && sizeOf(body) >= 0 && sizeOf(body) < this.#config.minimum) return false;
    let type = "";
    for (const [name, value] of headers) {
      const key = name.toLowerCase();
      if (key === "content-type") type = value.split(";", 1)[0]!.trim().toLowerCase();
      else if (key === "content-encoding" || key === "content-range") return false;
      else if (key === "cache-control" && /\bno-transform\b/i.test(value)) return false;
    }
    if (type === "") return false;
    const types = this.#types;
    return types.has(type) || types.has("*") || types.has(`${type.slice(0, type.indexOf("/"))}/*`);
  }
}

// --- internal ---

function sizeOf(body: Exclude<ResponseBody, null>): number {
  return body.length;
}

function compressedFields(headers: ResponseHead["headers"], coding: Coding): (readonly [string, string])[] {
  const kept = headers.filter(
    ([name]) => !/^(?:content-length|accept-ranges|content-md5|digest|content-digest|repr-digest)$/i.test(name),
  );
  const weak = kept.map(([name, value]) =>
    name.toLowerCase() === "etag" && !value.startsWith("W/")
      ? ([name, `W/${value}`] as const)
      : ([name, value] as const),
  );
  return [...varied(weak), ["Content-Encoding", coding]];
}

function varied(headers: ResponseHead["headers"]): readonly (readonly [string, string])[] {
  const named = headers.some(
    ([name, value]) => name.toLowerCase() === "vary" && /(?:^|[\s,])(?:\*|accept-encoding)(?:$|[\s,])/i.test(value),
  );
  return named ? headers : [...headers, ["Vary", "Accept-Encoding"]];
}

/** A whole body handed to a compressor in one piece. */
class BufferStream {
  readonly kind = "stream";
  readonly length: number;
  readonly #body: Buffer;

  constructor(body: Buffer) {
    this.#body = body;
    this.length = body.length;
  }

  start(sink: { write(chunk: Buffer): boolean; end(): void }): void {
    sink.write(this.#body);
    sink.end();
  }

  resume(): void {}

  cancel(): void {}
}
