import { ByteRow } from "../base/byte-row.ts";
import type { BodySink, RequestBody } from "../http/exchange.ts";
import type { Refusal } from "../http/refusal.ts";

/** The stream, as its request body sees it. */
export interface BodyOwner {
  /** The handler asks for the body for the first time. */
  bodyAsked(): void;
  /** So many bytes were taken by the handler, or thrown away: the client may send as many more. */
  bodyTaken(bytes: number): void;
}

/** A request body on its way from DATA frames to the handler's sink. What nobody takes yet waits here; the window bounds it. */
export class Http2Body implements RequestBody {
  readonly length: number;
  readonly #owner: BodyOwner;
  #sink: BodySink | null = null;
  #paused = false;
  #discarding = false;
  readonly #waiting = new ByteRow();
  #giving = false;
  /** All frames have come. */
  #ended = false;
  #trailers: readonly (readonly [string, string])[] | undefined;
  /** Bytes received. */
  received = 0;
  /** The end was told, or nobody wants to know. */
  complete = false;

  constructor(length: number, owner: BodyOwner) {
    this.length = length;
    this.#owner = owner;
  }

  // --- the handler's side ---

  read(sink: BodySink): void {
    if (this.#sink !== null || this.complete || this.#discarding) return;
    this.#sink = sink;
    this.#owner.bodyAsked();
    this.#give();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#give();
  }

  // --- the stream's side ---

  get asked(): boolean {
    return this.#sink !== null;
  }

  /** The client owes the next piece. */
  get awaited(): boolean {
    return this.#sink !== null && !this.#paused && !this.#ended && !this.complete;
  }

  /** Takes a piece, which is a view of a read. */
  push(piece: Buffer): void {
    this.received += piece.length;
    if (this.#discarding) return this.#owner.bodyTaken(piece.length);
    if (this.#sink !== null && !this.#paused && !this.#giving && this.#waiting.length === 0) {
      this.#giving = true;
      this.#sink.data(piece);
      this.#giving = false;
      this.#owner.bodyTaken(piece.length);
    } else {
      this.#waiting.append(piece);
    }
  }

  finish(trailers?: readonly (readonly [string, string])[]): void {
    this.#ended = true;
    if (trailers !== undefined && trailers.length > 0) this.#trailers = trailers;
    this.#give();
  }

  /** Ends the body with a failure; the sink is told. */
  fail(refusal: Refusal): void {
    if (this.complete) return;
    const sink = this.#sink;
    this.discard();
    this.complete = true;
    sink?.fail(refusal.status, refusal.reason);
  }

  /** Nobody wants the rest. */
  discard(): void {
    this.#sink = null;
    this.#discarding = true;
    const dropped = this.#waiting.length;
    this.#waiting.clear();
    if (dropped > 0) this.#owner.bodyTaken(dropped);
  }

  // --- internal ---

  #give(): void {
    if (this.#giving) return;
    this.#giving = true;
    while (this.#sink !== null && !this.#paused && this.#waiting.length > 0) {
      const piece = this.#waiting.shift();
      this.#sink.data(piece);
      this.#owner.bodyTaken(piece.length);
    }
    this.#giving = false;
    if (!this.#ended || this.complete || this.#sink === null || this.#paused || this.#waiting.length > 0) return;
    this.complete = true;
    this.#sink.end(this.#trailers);
  }
}
