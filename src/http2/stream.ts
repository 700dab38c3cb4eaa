import type { Client, ResponseBody } from "../http/exchange.ts";
import { NO_BODY } from "../http/http1-body.ts";
import { Patience } from "../http/patience.ts";
import { Rate } from "../http/rate.ts";
import { Refusal } from "../http/refusal.ts";
import type { RequestHead } from "../http/request-head.ts";
import { ResponseHead } from "../http/response-head.ts";
import type { HttpTimeouts } from "../http/settings.ts";
import { type BodySource, FileSource, type SourceOwner, StreamSource, WholeSource } from "./body-source.ts";
import { responseField } from "./encode-head.ts";
import { ErrorCode } from "./error-code.ts";
import { type ExchangeOwner, Http2Exchange } from "./exchange.ts";
import { Flag, FrameType, frameHead, headersFrames, MAX_PAYLOAD } from "./frame.ts";
import type { Outgoing } from "./outgoing.ts";
import { type BodyOwner, Http2Body } from "./request-body.ts";

/** The session, as its streams see it. */
export interface StreamOwner {
  readonly outgoing: Outgoing;
  readonly serverField: string;
  /** So many bytes may come in place of others, on the stream (while it is open) and on the connection. */
  credit(stream: Http2Stream, bytes: number): void;
  /** The handler wants the body: the window may be wide. */
  widen(stream: Http2Stream): void;
  /** The response is complete, or can't be: RST_STREAM with this code is to be sent, null: none. */
  streamOver(stream: Http2Stream, reset: ErrorCode | null): void;
}

const CONTINUE = new ResponseHead(100, []);
/** Pieces up to this size are copied into the text that leaves in one write. */
const COPIED = 4 * 1024;

/** One stream of a connection: a request and its response (RFC 9113 §5.1). It knows nothing of other streams. */
export class Http2Stream implements ExchangeOwner, BodyOwner, SourceOwner {
  readonly id: number;
  readonly exchange: Http2Exchange;
  readonly #owner: StreamOwner;
  readonly #head: RequestHead;
  readonly #body: Http2Body | null;
  #source: BodySource | null = null;
  /** Bytes that the client takes. */
  sendWindow: number;
  /** Bytes that the client may send; and those to be granted with the next WINDOW_UPDATE. */
  receiveWindow: number;
  granted = 0;
  /** All of the request has come. */
  remoteEnded: boolean;
  /** Our side is ended, or the stream is reset. */
  localEnded = false;
  over = false;
  /** Its request was refused before it became an exchange that anybody counts. */
  refused = false;
  /** For the connection: the window was widened. */
  wide = false;

  // Of the timeouts; made when they are needed.
  #reading: Patience | null = null;
  #readRate: Rate | null = null;
  #writing: Patience | null = null;
  #writeRate: Rate | null = null;

  constructor(
    id: number,
    head: RequestHead,
    ended: boolean,
    windows: { readonly send: number; readonly receive: number },
    client: Client,
    now: number,
    owner: StreamOwner,
  ) {
    this.id = id;
    this.#head = head;
    this.#owner = owner;
    this.remoteEnded = ended;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
    this.#body = ended ? null : new Http2Body(head.length, this);
    this.exchange = new Http2Exchange(head, this.#body ?? NO_BODY, client, now, this);
  }

  // --- what the client sends ---

  /** Takes the content of a DATA frame. Returns what is wrong: a stream error, or a refusal with its status. */
  receive(piece: Buffer, limit: number): string | Refusal | null {
    const body = this.#body!;
    const declared = this.#head.length;
    const total = body.received + piece.length;
    if (declared >= 0 && total > declared) return "the body is longer than its Content-Length";
    if (limit > 0 && total > limit) return new Refusal(413, `the body is larger than ${limit} bytes`);
    if (piece.length > 0) body.push(piece);
    return null;
  }

  /** The request is complete, perhaps with trailers. Returns what is wrong. */
  receiveEnd(trailers?: readonly (readonly [string, string])[]): string | null {
    const body = this.#body!;
    if (this.#head.length >= 0 && body.received !== this.#head.length)
      return "the body is shorter than its Content-Length";
    this.remoteEnded = true;
    body.finish(trailers);
    if (this.localEnded) this.#close(null);
    return null;
  }

  /** The body is faulty or late: answered so, unless it was answered already. */
  failBody(refusal: Refusal): void {
    this.#body?.fail(refusal);
    if (!this.exchange.answered && !this.exchange.aborted) this.exchange.fail(refusal.status, refusal.reason);
  }

  /** The client has reset the stream or is gone, or we gave it up. */
  abort(): void {
    if (this.over) return;
    this.over = true;
    this.localEnded = true;
    this.#source?.cancel();
    this.#source = null;
    this.exchange.abort();
    this.#body?.fail(new Refusal(499, "the client went away"));
    this.#body?.discard();
  }

  // --- the body's side ---

  bodyAsked(): void {
    if (this.#head.expectsContinue && this.#body!.received === 0 && !this.remoteEnded) this.exchange.inform(CONTINUE);
    if (!this.remoteEnded) this.#owner.widen(this);
  }

  bodyTaken(bytes: number): void {
    this.#owner.credit(this, bytes);
  }

  // --- the exchange's side ---

  get serverField(): string {
    return this.#owner.serverField;
  }

  sendInterim(block: string): void {
    this.#owner.outgoing.output.text(headersFrames(this.id, block, false));
  }

  sendResponse(block: string, body: ResponseBody): void {
    this.#owner.outgoing.output.text(headersFrames(this.id, block, body === null));
    if (body === null) return this.#ended();
    if (Buffer.isBuffer(body)) this.#source = new WholeSource(body, this);
    else if (body.kind === "file") this.#source = new FileSource(body, this);
    else {
      const source = new StreamSource(body, this);
      this.#source = source;
      source.start();
      return;
    }
    this.#owner.outgoing.add(this);
  }

  cut(): void {
    this.#source?.cancel();
    this.#source = null;
    if (this.over) return;
    this.exchange.end();
    this.localEnded = true;
    this.#close(this.exchange.status === 444 ? ErrorCode.CANCEL : ErrorCode.INTERNAL_ERROR);
  }

  // --- what is sent ---

  sourceReady(): void {
    const source = this.#source;
    // Before `start` has returned, and after the end, nobody asks.
    if (source === null || this.localEnded) return;
    if (source.ended) this.#sendEnd(source);
    else this.#owner.outgoing.add(this);
  }

  sourceFailed(_reason: string): void {
    this.#source = null;
    this.cut();
  }

  sourceKeeps(bytes: number): void {
    this.#owner.outgoing.keeps(bytes);
  }

  /** Sends one DATA frame if it may; returns whether there is more to send and the stream's own window is open. */
  sendFrame(): boolean {
    const source = this.#source;
    if (source === null || this.localEnded || !source.ready || this.sendWindow <= 0) return false;
    if (source.needsBuffer && !this.#owner.outgoing.mayBuffer) return true;
    const piece = source.take(Math.min(this.sendWindow, this.#owner.outgoing.window, MAX_PAYLOAD));
    if (piece.length === 0) return false;
    const last = source.ended && source.trailers.length === 0;
    this.#sendData(piece, last, source.written);
    if (last) this.#ended();
    else if (source.ended) this.#sendEnd(source);
    else source.settle();
    return !this.localEnded && this.#source !== null && this.#source.ready && this.sendWindow > 0;
  }

  #sendData(piece: Buffer, last: boolean, written: (() => void) | null): void {
    const { output } = this.#owner.outgoing;
    const head = frameHead(piece.length, FrameType.DATA, last ? Flag.END_STREAM : 0, this.id);
    this.sendWindow -= piece.length;
    this.exchange.bytes += piece.length;
    if (written !== null) output.lend(head, piece, written);
    else if (piece.length <= COPIED) output.text(head + piece.latin1Slice());
    else {
      output.text(head);
      output.bytes(piece);
    }
    this.#owner.outgoing.dataSent(piece.length);
  }

  /** The end after the last DATA: an empty one, or trailers (RFC 9113 §8.1). */
  #sendEnd(source: BodySource): void {
    let block = "";
    for (const [name, value] of source.trailers) {
      const field = responseField(name.toLowerCase(), value);
      if (field === null) return this.cut();
      block += field;
    }
    this.#owner.outgoing.output.text(
      block === "" ? frameHead(0, FrameType.DATA, Flag.END_STREAM, this.id) : headersFrames(this.id, block, true),
    );
    this.#ended();
  }

  #ended(): void {
    this.localEnded = true;
    this.#source = null;
    this.exchange.end();
    // RFC 9113 §8.1: the client need not send the rest of a body that nobody waits for.
    this.#close(this.remoteEnded ? null : ErrorCode.NO_ERROR);
  }

  #close(reset: ErrorCode | null): void {
    if (this.over) return;
    this.over = true;
    this.#owner.streamOver(this, reset);
    if (!this.remoteEnded) this.#body?.discard();
  }

  // --- time ---

  /** Whether the client takes too long: with its body (408), or with what it is sent. `elapsed`: ms since the last look. */
  late(now: number, elapsed: number, timeouts: HttpTimeouts): "body" | "write" | null {
    if (this.#body?.awaited === true && !this.remoteEnded) {
      this.#reading ??= new Patience();
      this.#readRate ??= new Rate(this.#body.received);
      if (this.#reading.waited("body", this.#body.received, now) > timeouts.body) return "body";
      if (this.#readRate.below(this.#body.received, elapsed, timeouts.minimumRate, timeouts.rateGrace)) return "body";
    } else {
      this.#reading = null;
      this.#readRate = null;
    }
    const waits = this.#source?.ready === true && (this.sendWindow <= 0 || this.#owner.outgoing.window <= 0);
    const { bytes } = this.exchange;
    this.#writing ??= waits ? new Patience() : null;
    this.#writeRate ??= waits ? new Rate(bytes) : null;
    if (this.#writing === null || this.#writeRate === null) return null;
    // Time in which the client had opened its window does not count.
    if (this.#writing.waited(waits ? "window" : "", bytes, now) > timeouts.write && waits) return "write";
    if (this.#writeRate.below(bytes, waits ? elapsed : 0, timeouts.minimumRate, timeouts.rateGrace) && waits)
      return "write";
    return null;
  }
}
