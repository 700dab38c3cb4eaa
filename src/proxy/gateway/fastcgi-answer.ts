import type { AnswerParser, AnswerSink, UpstreamRequest } from "../protocol.ts";
import { CgiAnswer } from "./cgi-answer.ts";
import { END_REQUEST, RECORD_HEAD, REQUEST_ID, STDERR, STDOUT, VERSION } from "./fastcgi-records.ts";

const END_LENGTH = 8;
const STATUSES = ["", "can't share a connection", "is overloaded", "does not know the role of a responder"];

/** Reads the records of one answer; content is passed on as it comes, whatever the records' sizes. */
export class FastcgiAnswer implements AnswerParser {
  readonly #request: UpstreamRequest;
  readonly #answer: CgiAnswer;
  readonly #sink: AnswerSink;
  readonly #head = Buffer.alloc(RECORD_HEAD);
  readonly #end = Buffer.alloc(END_LENGTH);
  /** Bytes of the record's head that have come; all of them: within its content or padding. */
  #headFilled = 0;
  #type = 0;
  #own = false;
  #length = 0;
  #padding = 0;
  #endFilled = 0;
  /** The program has closed its output. */
  #closedOutput = false;

  constructor(request: UpstreamRequest, sink: AnswerSink) {
    this.#request = request;
    this.#sink = sink;
    this.#answer = new CgiAnswer(request, sink, "records");
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#answer.done) {
      if (this.#headFilled < RECORD_HEAD) at = this.#takeHead(chunk, at);
      else if (this.#length > 0) at = this.#takeContent(chunk, at);
      else at = this.#takePadding(chunk, at);
    }
  }

  closed(): void {
    if (this.#closedOutput) this.#answer.complete(false);
    else this.#answer.fail("closed the connection before the end of the request");
  }

  // --- internal ---

  #takeHead(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#head, this.#headFilled, at);
    this.#headFilled += taken;
    if (this.#headFilled === RECORD_HEAD) this.#openRecord();
    return at + taken;
  }

  #openRecord(): void {
    const head = this.#head;
    if (head[0] !== VERSION) return this.#answer.fail(`speaks version ${head[0]} of FastCGI, or something else`);
    const id = head.readUInt16BE(2);
    this.#type = head[1]!;
    this.#length = head.readUInt16BE(4);
    this.#padding = head[6]!;
    // Records of id 0 are about the connection (GET_VALUES_RESULT, UNKNOWN_TYPE): nothing was asked, nothing is taken.
    this.#own = id === REQUEST_ID;
    if (!this.#own && id !== 0) return this.#answer.fail(`sent a record for the request ${id}, which there is not`);
    if (!this.#own) return this.#closeRecord();
    if (this.#type === END_REQUEST) {
      if (this.#length !== END_LENGTH) return this.#answer.fail(`ended the request with ${this.#length} bytes`);
    } else if (this.#type !== STDOUT && this.#type !== STDERR) {
      return this.#answer.fail(`sent a record of type ${this.#type}`);
    } else if (this.#type === STDOUT && this.#length === 0) {
      this.#closedOutput = true;
    }
    this.#closeRecord();
  }

  #takeContent(chunk: Buffer, at: number): number {
    const end = Math.min(at + this.#length, chunk.length);
    const piece = chunk.subarray(at, end);
    this.#length -= piece.length;
    if (this.#own) {
      if (this.#type === STDOUT) this.#answer.push(piece);
      else if (this.#type === STDERR) this.#sink.said(piece.toString());
      else this.#endFilled += piece.copy(this.#end, this.#endFilled);
    }
    this.#closeRecord(chunk.length - end);
    return end;
  }

  #takePadding(chunk: Buffer, at: number): number {
    const end = Math.min(at + this.#padding, chunk.length);
    this.#padding -= end - at;
    this.#closeRecord(chunk.length - end);
    return end;
  }

  /** `after`: bytes that follow; behind the last record there is nothing, or the connection is not to be used again. */
  #closeRecord(after = 0): void {
    if (this.#length > 0 || this.#padding > 0) return;
    this.#headFilled = 0;
    if (!this.#own || this.#type !== END_REQUEST) return;
    const status = this.#end[4]!;
    if (status !== 0) this.#answer.fail(STATUSES[status] ?? `ended the request with the protocol status ${status}`);
    else this.#answer.complete(this.#request.keepAlive && after === 0);
  }
}
