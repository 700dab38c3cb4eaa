import { ChunkedDecoder } from "./chunked-decoder.ts";
import type { BodySink, RequestBody } from "./exchange.ts";
import type { Refusal } from "./refusal.ts";
import type { HttpLimits } from "./settings.ts";

/** Bytes of a body nobody wants that are read to keep the connection; a longer rest is cheaper to close on (RFC 9112 §9.3). */
const DRAINED = 256 * 1024;

/** The connection, as a body sees it. */
export interface BodyOwner {
  /** The handler asks for the body for the first time. */
  bodyAsked(): void;
  /** Input that was kept back can be taken now. */
  continueInput(): void;
}

/** The body of a request without one. */
export const NO_BODY: RequestBody = {
  length: 0,
  read: (sink) => sink.end(),
  pause: () => {},
  resume: () => {},
};

/** A request body on its way from the connection's reads to the handler's sink. */
export class Http1Body implements RequestBody {
  readonly length: number;
  readonly #owner: BodyOwner;
  readonly #decoder: ChunkedDecoder | null;
  #remaining: number;
  #sink: BodySink | null = null;
  #paused = false;
  #discarding = false;
  /** Bytes taken from the connection, framing included. */
  received = 0;
  /** The end was reached and told. */
  complete = false;
  refusal: Refusal | null = null;

  constructor(length: number, limits: HttpLimits, owner: BodyOwner) {
    this.length = length;
    this.#owner = owner;
    this.#decoder = length < 0 ? new ChunkedDecoder(limits) : null;
    this.#remaining = length;
  }

  // --- the handler's side ---

  read(sink: BodySink): void {
    if (this.#sink !== null || this.#discarding || this.refusal !== null) return;
    this.#sink = sink;
    this.#owner.bodyAsked();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.continueInput();
  }

  // --- the connection's side ---

  /** Nobody takes the body at present. */
  get blocked(): boolean {
    return !this.#discarding && (this.#sink === null || this.#paused);
  }

  get asked(): boolean {
    return this.#sink !== null;
  }

  /** All bytes have come, though the handler may not have taken them. */
  get exhausted(): boolean {
    return this.#decoder === null ? this.#remaining === 0 : this.#decoder.done;
  }

  /** The rest is short enough to be read and thrown away. */
  get drainable(): boolean {
    return this.#decoder === null && this.#remaining <= DRAINED;
  }

  /** Nobody wants the rest. */
  discard(): void {
    this.#sink = null;
    this.#discarding = true;
  }

  /** Passes on what belongs to the body from `offset`; returns where it stopped: at its end, a fault, a pause, or the input's end. */
  feed(input: Buffer, offset: number): number {
    let at = offset;
    while (!this.complete && this.refusal === null && !this.blocked) {
      if (this.exhausted) {
        this.complete = true;
        this.#sink?.end(this.#decoder?.fields ?? undefined);
      } else if (at < input.length) {
        const before = at;
        at = this.#decoder === null ? this.#takePlain(input, at) : this.#takeChunked(this.#decoder, input, at);
        this.received += at - before;
      } else {
        break;
      }
    }
    return at;
  }

  /** Ends the body with a failure; the sink is told. */
  fail(refusal: Refusal): void {
    if (this.complete) return;
    const sink = this.#sink;
    this.#sink = null;
    this.#discarding = true;
    this.refusal = refusal;
    sink?.fail(refusal.status, refusal.reason);
  }

  // --- internal ---

  #takePlain(input: Buffer, offset: number): number {
    const end = Math.min(offset + this.#remaining, input.length);
    this.#remaining -= end - offset;
    this.#sink?.data(input.subarray(offset, end));
    return end;
  }

  #takeChunked(decoder: ChunkedDecoder, input: Buffer, offset: number): number {
    const end = decoder.decode(input, offset);
    if (decoder.piece !== null) this.#sink?.data(decoder.piece);
    if (decoder.refusal !== null) this.refusal = decoder.refusal;
    return end;
  }
}
