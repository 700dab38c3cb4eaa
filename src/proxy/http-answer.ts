import { ChunkedDecoder } from "../http/chunked-decoder.ts";
import type { HttpLimits } from "../http/settings.ts";
import { hasNoContent } from "../http/status.ts";
import { ANSWER_FIELDS, type AnswerHead, parseAnswerHead, parseFields, quoted } from "./answer-head.ts";
import type { AnswerParser, AnswerSink, UpstreamRequest } from "./protocol.ts";

/** Bytes of one head; NGINX gives 4 or 8 KiB unless told, and large cookies are what people raise that for. */
const HEAD_LIMIT = 64 * 1024;
/** Interim answers before the final one; more are a fault or an attack. */
const INTERIM_LIMIT = 32;
const LIMITS: HttpLimits = { requestLine: 0, headerSize: HEAD_LIMIT, headerCount: ANSWER_FIELDS, body: 0, requests: 0 };

const CR = 13;
const LF = 10;
const BEGINNING = "HTTP/1.";
const NOTHING: readonly (readonly [string, string])[] = [];

type State = "head" | "length" | "chunked" | "close" | "done";

/** Reads one answer of HTTP/1.x (RFC 9112 §6), strictly: what is ambiguous is not an answer. */
export class HttpAnswer implements AnswerParser {
  readonly #request: UpstreamRequest;
  readonly #sink: AnswerSink;
  #state: State = "head";
  /** The beginning of a head that came in pieces. */
  #partial: Buffer | null = null;
  #interim = 0;
  #remaining = 0;
  #decoder: ChunkedDecoder | null = null;
  #persistent = false;

  constructor(request: UpstreamRequest, sink: AnswerSink) {
    this.#request = request;
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (this.#state === "head") {
      at = this.#takeHead(chunk, at);
      if (at < 0) return;
    }
    if (at >= chunk.length) return;
    switch (this.#state) {
      case "length":
        return this.#takePlain(chunk, at);
      case "chunked":
        return this.#takeChunked(chunk, at);
      case "close":
        this.#sink.data(copyOf(chunk, at, chunk.length));
    }
  }

  closed(): void {
    switch (this.#state) {
      case "done":
        return;
      case "close":
        this.#state = "done";
        this.#sink.end(false, NOTHING);
        return;
      case "head":
        this.#fail(
          this.#partial === null ? "closed the connection without an answer" : "closed the connection in the head",
        );
        return;
      default:
        this.#fail("closed the connection before the end of the body");
    }
  }

  // --- internal ---

  /** Returns where the body begins in `chunk`, or -1: more is needed, or there is nothing more to take. */
  #takeHead(chunk: Buffer, offset: number): number {
    let input = chunk;
    let from = offset;
    let looked = 0;
    if (this.#partial !== null) {
      looked = this.#partial.length;
      input = Buffer.concat([this.#partial, offset === 0 ? chunk : chunk.subarray(offset)]);
      from = 0;
    }
    if (from >= input.length) return -1;
    const end = endOfHead(input, from, looked);
    if (end < 0) return this.#keep(looked === 0 ? Buffer.from(input.subarray(from)) : input, looked);
    this.#partial = null;
    if (!this.#judgeHead(textOfHead(input, from, end))) return -1;
    return this.#bodyAt(chunk, looked === 0 ? end : offset + end - looked);
  }

  /** A head that is not complete: refused at once when it can no longer become one. `looked`: bytes looked at before. */
  #keep(input: Buffer, looked: number): number {
    const beginning = input.latin1Slice(0, Math.min(BEGINNING.length, input.length));
    if (!BEGINNING.startsWith(beginning)) {
      return this.#fail(`${quoted(input.latin1Slice(0, Math.min(81, input.length)))} is not an answer of HTTP/1.x`);
    }
    if (input.length > HEAD_LIMIT) return this.#fail(`the head is larger than ${HEAD_LIMIT} bytes`);
    const first = input.indexOf(LF);
    if (first > 0 && input[first - 1] === CR) {
      for (let at = input.indexOf(LF, looked); at >= 0; at = input.indexOf(LF, at + 1)) {
        if (input[at - 1] !== CR) return this.#fail("the head has a line end that is not CRLF");
      }
    }
    this.#partial = input;
    return -1;
  }

  /** False when there is nothing more to take. */
  #judgeHead(text: string): boolean {
    if (text.length > HEAD_LIMIT) {
      this.#fail(`the head is larger than ${HEAD_LIMIT} bytes`);
      return false;
    }
    const head = parseAnswerHead(text);
    if (typeof head === "string") {
      this.#fail(head);
      return false;
    }
    if (head.status < 200) return this.#takeInterim(head);
    this.#begin(head);
    return true;
  }

  #takeInterim(head: AnswerHead): boolean {
    if (head.status === 101) {
      if (this.#request.upgrade === undefined) {
        this.#fail("the answer is 101, which was not asked for");
        return false;
      }
      this.#state = "close";
      this.#sink.head(head, -1);
      return true;
    }
    this.#interim++;
    if (this.#interim > INTERIM_LIMIT) {
      this.#fail(`there are more than ${INTERIM_LIMIT} interim answers`);
      return false;
    }
    // 100 answers an expectation, and none was sent on: the client's was met by us.
    if (head.status !== 100) this.#sink.inform(head);
    return true;
  }

  // RFC 9112 §6.3, in its order.
  #begin(head: AnswerHead): void {
    this.#persistent = head.persistent;
    if (this.#request.method === "HEAD" || hasNoContent(head.status)) {
      this.#sink.head(head, 0);
      this.#state = "done";
    } else if (head.chunked) {
      this.#sink.head(head, -1);
      this.#decoder = new ChunkedDecoder(LIMITS);
      this.#state = "chunked";
    } else if (head.length >= 0) {
      this.#sink.head(head, head.length);
      this.#remaining = head.length;
      this.#state = head.length === 0 ? "done" : "length";
    } else {
      this.#sink.head(head, -1);
      this.#state = "close";
    }
  }

  /** The end of an answer without a body is told here, where it is known whether more bytes follow. */
  #bodyAt(chunk: Buffer, at: number): number {
    if (this.#state === "done") this.#sink.end(this.#persistent && at >= chunk.length, NOTHING);
    return at;
  }

  #takePlain(chunk: Buffer, at: number): void {
    const end = Math.min(at + this.#remaining, chunk.length);
    this.#remaining -= end - at;
    this.#sink.data(copyOf(chunk, at, end));
    if (this.#remaining > 0) return;
    this.#state = "done";
    // More than was announced belongs to no request: what reads it as the next answer is fooled.
    this.#sink.end(this.#persistent && end === chunk.length, NOTHING);
  }

  #takeChunked(chunk: Buffer, offset: number): void {
    const decoder = this.#decoder!;
    let at = offset;
    while (at < chunk.length && !decoder.done && decoder.refusal === null) {
      at = decoder.decode(chunk, at);
      if (decoder.piece !== null) this.#sink.data(Buffer.from(decoder.piece));
    }
    if (decoder.refusal !== null) {
      this.#fail(decoder.refusal.reason);
    } else if (decoder.done) {
      this.#state = "done";
      const trailers = parseFields(decoder.trailers);
      if (typeof trailers === "string") this.#fail(trailers);
      else this.#sink.end(this.#persistent && at === chunk.length, trailers);
    }
  }

  #fail(reason: string): -1 {
    this.#state = "done";
    this.#partial = null;
    this.#sink.bad(reason);
    return -1;
  }
}

/** One allocation less than `Buffer.from` of a part. */
function copyOf(chunk: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  chunk.copy(copy, 0, from, to);
  return copy;
}

/**
 * Where the head ends that begins at `from`: the index behind its empty line, or -1. `looked`: bytes looked at before.
 *
 * Small servers and scripts end their lines with LF alone. RFC 9112 §2.2 lets a recipient take that, NGINX does, and it is our
 * own head that goes on to the client; so a head whose first line ends so is read so, to its end. One that mixes both is refused.
 */
function endOfHead(input: Buffer, from: number, looked: number): number {
  const line = input.indexOf(LF, from);
  if (line < 0) return -1;
  if (input[line - 1] === CR) {
    const end = input.indexOf("\r\n\r\n", Math.max(line - 1, looked - 3), "latin1");
    return end < 0 ? -1 : end + 4;
  }
  for (let at = line; at >= 0; at = input.indexOf(LF, at + 1)) {
    if (input[at + 1] === LF) return at + 2;
  }
  return -1;
}

/** The head without its empty line, its lines ended with CRLF. */
function textOfHead(input: Buffer, from: number, end: number): string {
  return input[end - 2] === CR
    ? input.latin1Slice(from, end - 4)
    : input.latin1Slice(from, end - 2).replaceAll("\n", "\r\n");
}
