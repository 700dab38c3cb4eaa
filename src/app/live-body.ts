import { ByteRow } from "../base/byte-row.ts";
import type { BodySink, RequestBody } from "../http/exchange.ts";
import type { AppBody } from "./app-body.ts";

/** Bytes that wait here for the app before the client is held back. */
const WAITING = 256 * 1024;

/**
 * A request body that goes to the app while the client still sends: an event loop that waits for it holds nothing up. Reading, and
 * with it `100 Continue`, begins when the app asks; an app that does not read holds the client back.
 */
export class LiveBody implements AppBody, BodySink {
  readonly length: number;
  readonly inline = null;
  readonly #source: RequestBody;
  readonly #waiting = new ByteRow();
  #begun = false;
  #paused = false;
  #ended = false;
  #failed = false;
  #closed = false;
  #limit = 0;
  #wanted: ((piece: Buffer | null) => void) | null = null;

  constructor(source: RequestBody) {
    this.#source = source;
    this.length = source.length;
  }

  next(limit: number, callback: (piece: Buffer | null) => void): void {
    this.#limit = limit;
    this.#wanted = callback;
    if (!this.#begun) {
      this.#begun = true;
      this.#source.read(this);
    }
    this.#give();
  }

  rewind(): boolean {
    return !this.#begun;
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#wanted = null;
  }

  // --- BodySink ---

  data(chunk: Buffer): void {
    if (this.#closed) return;
    this.#waiting.append(chunk);
    this.#give();
    if (this.#waiting.length > WAITING && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
  }

  end(): void {
    this.#ended = true;
    this.#give();
  }

  fail(): void {
    this.#failed = true;
    this.#waiting.clear();
    this.#give();
  }

  // --- internal ---

  #give(): void {
    const wanted = this.#wanted;
    if (wanted === null) return;
    if (this.#waiting.length === 0 && !this.#ended && !this.#failed) return;
    this.#wanted = null;
    wanted(this.#failed ? null : this.#take());
    if (this.#paused && this.#waiting.length <= WAITING / 2) {
      this.#paused = false;
      this.#source.resume();
    }
  }

  #take(): Buffer {
    const all = this.#waiting.whole();
    const piece = all.subarray(0, this.#limit);
    this.#waiting.clear();
    if (piece.length < all.length) this.#waiting.append(all.subarray(this.#limit), true);
    return piece;
  }
}
