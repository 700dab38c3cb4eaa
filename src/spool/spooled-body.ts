import { ByteRow } from "../base/byte-row.ts";
import { POOLED } from "../http/buffer-pool.ts";
import type { BodySink, RequestBody } from "../http/exchange.ts";
import { SpoolFile } from "./spool-file.ts";

/** Bodies up to this many bytes travel inside the REQUEST frame. */
export const INLINE_LIMIT = 64 * 1024;
/** Bytes that may wait for the disk before the client is held back. */
const PENDING_LIMIT = 1024 * 1024;

const NO_TRAILERS: readonly (readonly [string, string])[] = [];

export interface BodyOutcome {
  /** The whole body is here. */
  ready(): void;
  failed(status: number, reason: string): void;
}

/**
 * Collects a request body, in memory up to `memoryLimit` bytes and in a file beyond, so that a slow client never holds a
 * lane; then gives it out in pieces, again from the start when the exchange is retried.
 */
export class SpooledBody implements BodySink {
  length = 0;
  /** What came behind it; whoever has no place for such fields leaves them. */
  trailers: readonly (readonly [string, string])[] = NO_TRAILERS;
  readonly #source: RequestBody;
  readonly #memoryLimit: number;
  readonly #outcome: BodyOutcome;
  readonly #memory = new ByteRow();
  #file: SpoolFile | null = null;
  #ended = false;
  #offset = 0;
  #paused = false;

  constructor(source: RequestBody, memoryLimit: number, outcome: BodyOutcome) {
    this.#source = source;
    this.#memoryLimit = memoryLimit;
    this.#outcome = outcome;
  }

  start(): void {
    this.#source.read(this);
  }

  /** The body when it is small enough for a frame, else null. */
  get inline(): Buffer | null {
    return this.#file === null && this.length <= INLINE_LIMIT ? this.#memory.whole() : null;
  }

  data(chunk: Buffer): void {
    this.length += chunk.length;
    if (this.#file === null && this.length > this.#memoryLimit) {
      if (!this.#openFile()) return;
    }
    if (this.#file === null) this.#memory.append(chunk);
    else {
      this.#file.append(chunk);
      if (this.#file.pending > PENDING_LIMIT && !this.#paused) {
        this.#paused = true;
        this.#source.pause();
      }
    }
  }

  end(trailers: readonly (readonly [string, string])[] = NO_TRAILERS): void {
    this.#ended = true;
    this.trailers = trailers;
    if (this.#file === null || this.#file.pending === 0) this.#outcome.ready();
  }

  fail(status: number, reason: string): void {
    this.close();
    this.#outcome.failed(status, reason);
  }

  /** Starts giving out from the beginning again. */
  rewind(): boolean {
    this.#offset = 0;
    return true;
  }

  /** The next piece of at most `limit` bytes; empty at the end. `lend`: its memory may be lent, until `release` is called. */
  next(limit: number, callback: (piece: Buffer, release?: () => void) => void, lend = false): void {
    const size = Math.min(limit, POOLED, this.length - this.#offset);
    const from = this.#offset;
    this.#offset += size;
    if (size <= 0) callback(Buffer.alloc(0));
    else if (this.#file === null) callback(this.#memory.whole().subarray(from, from + size));
    else if (lend) this.#file.readPooled(from, size, callback);
    else this.#file.read(from, size, callback);
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
    this.#memory.clear();
  }

  #openFile(): boolean {
    try {
      this.#file = SpoolFile.open((error) => this.fail(500, `spool request body: ${error.message}`));
    } catch (error) {
      this.fail(500, `spool request body: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
    while (this.#memory.length > 0) this.#file.append(this.#memory.shift());
    this.#file.onWritten = () => this.#drained();
    return true;
  }

  #drained(): void {
    if (this.#file === null || this.#file.pending > PENDING_LIMIT / 2) return;
    if (this.#paused) {
      this.#paused = false;
      this.#source.resume();
    }
    if (this.#ended && this.#file.pending === 0) {
      this.#file.onWritten = null;
      this.#outcome.ready();
    }
  }
}
