import { read } from "node:fs";
import { giveBack, POOLED, takeBuffer } from "../http/buffer-pool.ts";
import type { FileBody, ResponseSink, StreamBody } from "../http/exchange.ts";

/** The stream, as what it sends sees it. */
export interface SourceOwner {
  /** There is something to send, or the end. */
  sourceReady(): void;
  /** What was announced can't be delivered. */
  sourceFailed(reason: string): void;
  /** More (or, negative, fewer) bytes wait in memory for the client. */
  sourceKeeps(bytes: number): void;
}

/** A response body, asked for pieces as the windows open. */
export interface BodySource {
  /** Something can be taken now. */
  readonly ready: boolean;
  /** What `take` does now needs a buffer first. */
  readonly needsBuffer: boolean;
  /** Nothing follows what was taken. */
  readonly ended: boolean;
  readonly trailers: readonly (readonly [string, string])[];
  /** Takes at most `limit` bytes; empty: `sourceReady` will say when there is more. Only while `ready`. */
  take(limit: number): Buffer;
  /** Of the piece just taken: to be called when its memory is free again. null: whenever. */
  readonly written: (() => void) | null;
  /** What was taken has been sent as far as the windows let it: the producer may go on. */
  settle(): void;
  /** The client is gone: let go of everything. */
  cancel(): void;
}

const NO_TRAILERS: readonly (readonly [string, string])[] = [];

/** A body in memory. */
export class WholeSource implements BodySource {
  readonly trailers = NO_TRAILERS;
  readonly needsBuffer = false;
  readonly written = null;
  readonly #owner: SourceOwner;
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer, owner: SourceOwner) {
    this.#buffer = buffer;
    this.#owner = owner;
    owner.sourceKeeps(buffer.length);
  }

  get ready(): boolean {
    return !this.ended;
  }

  get ended(): boolean {
    return this.#at === this.#buffer.length;
  }

  take(limit: number): Buffer {
    const piece = this.#buffer.subarray(this.#at, this.#at + limit);
    this.#at += piece.length;
    this.#owner.sourceKeeps(-piece.length);
    return piece;
  }

  settle(): void {}

  cancel(): void {
    this.#owner.sourceKeeps(this.#at - this.#buffer.length);
    this.#at = this.#buffer.length;
  }
}

/** A body that a handler produces over time; what the client does not take at once waits here, and the handler is told to wait. */
export class StreamSource implements BodySource, ResponseSink {
  readonly needsBuffer = false;
  readonly written = null;
  trailers = NO_TRAILERS;
  readonly #body: StreamBody;
  readonly #owner: SourceOwner;
  #pieces: Buffer[] = [];
  #kept = 0;
  /** Of the announced length; -1: unknown. */
  #remaining: number;
  #waiting = false;
  #closed = false;

  constructor(body: StreamBody, owner: SourceOwner) {
    this.#body = body;
    this.#owner = owner;
    this.#remaining = body.length;
  }

  start(): void {
    this.#body.start(this);
  }

  get ready(): boolean {
    return this.#pieces.length > 0;
  }

  get ended(): boolean {
    return this.#closed && this.#pieces.length === 0;
  }

  take(limit: number): Buffer {
    const first = this.#pieces[0]!;
    const piece = first.subarray(0, limit);
    if (piece.length === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(limit);
    this.#keep(-piece.length);
    return piece;
  }

  settle(): void {
    if (!this.#waiting || this.#pieces.length > 0 || this.#closed) return;
    this.#waiting = false;
    this.#body.resume();
  }

  cancel(): void {
    this.#keep(-this.#kept);
    this.#pieces = [];
    if (this.#closed) return;
    this.#closed = true;
    this.#body.cancel();
  }

  // --- the handler's side ---

  write(chunk: Buffer): boolean {
    if (this.#closed) return false;
    if (chunk.length === 0) return !this.#waiting;
    if (this.#remaining >= 0 && chunk.length > this.#remaining) {
      const excess = chunk.length - this.#remaining;
      this.cancel();
      this.#owner.sourceFailed(`the body is ${excess} bytes longer than announced`);
      return false;
    }
    if (this.#remaining >= 0) this.#remaining -= chunk.length;
    this.#pieces.push(chunk);
    this.#keep(chunk.length);
    this.#owner.sourceReady();
    this.#waiting = this.#pieces.length > 0;
    return !this.#waiting;
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    if (this.#closed) return;
    if (this.#remaining > 0) return this.fail(`the body is ${this.#remaining} bytes shorter than announced`);
    this.#closed = true;
    this.trailers = trailers ?? NO_TRAILERS;
    this.#owner.sourceReady();
  }

  fail(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.cancel();
    this.#owner.sourceFailed(reason);
  }

  #keep(bytes: number): void {
    this.#kept += bytes;
    this.#owner.sourceKeeps(bytes);
  }
}

/** A slice of a file, read through one pooled buffer at a time, and only when the client takes what is read. */
export class FileSource implements BodySource {
  readonly trailers = NO_TRAILERS;
  written: (() => void) | null = null;
  readonly #file: FileBody;
  readonly #owner: SourceOwner;
  #position: number;
  /** Bytes not read yet. */
  #remaining: number;
  #buffer: Buffer | null = null;
  #at = 0;
  #filled = 0;
  /** Pieces that the socket has not written yet. */
  #lent = 0;
  #reading = false;
  #cancelled = false;
  #closed = false;

  constructor(file: FileBody, owner: SourceOwner) {
    this.#file = file;
    this.#owner = owner;
    this.#position = file.start;
    this.#remaining = file.length;
  }

  get needsBuffer(): boolean {
    return this.#buffer === null;
  }

  get ready(): boolean {
    return this.#at < this.#filled || (!this.#reading && this.#buffer === null && this.#remaining > 0);
  }

  get ended(): boolean {
    return this.#remaining === 0 && this.#at === this.#filled;
  }

  take(limit: number): Buffer {
    this.written = null;
    if (this.#at === this.#filled) {
      this.#read();
      return EMPTY;
    }
    const piece = this.#buffer!.subarray(this.#at, Math.min(this.#at + limit, this.#filled));
    this.#at += piece.length;
    this.#lent++;
    this.written = this.#wrote;
    return piece;
  }

  settle(): void {}

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#release();
  }

  // --- internal ---

  readonly #wrote = (): void => {
    this.#lent--;
    this.#release();
  };

  #read(): void {
    this.#reading = true;
    this.#buffer = takeBuffer();
    this.#owner.sourceKeeps(POOLED);
    const wanted = Math.min(this.#remaining, POOLED);
    read(this.#file.fd, this.#buffer, 0, wanted, this.#position, (error, count) => {
      this.#reading = false;
      if (error === null && count > 0 && !this.#cancelled) {
        this.#position += count;
        this.#remaining -= count;
        this.#at = 0;
        this.#filled = count;
        this.#owner.sourceReady();
        return;
      }
      const failed = !this.#cancelled;
      this.#cancelled = true;
      this.#release();
      if (failed) this.#owner.sourceFailed(error === null ? "the file is shorter than announced" : error.message);
    });
  }

  /** Lets go of the buffer, and in the end of the file, once nobody reads into it or writes from it: it may be another client's next. */
  #release(): void {
    if (this.#reading || this.#lent > 0 || (this.#at < this.#filled && !this.#cancelled)) return;
    if (this.#buffer !== null) {
      giveBack(this.#buffer);
      this.#buffer = null;
      this.#owner.sourceKeeps(-POOLED);
    }
    if (!this.#cancelled && this.#remaining > 0) this.#owner.sourceReady();
    else if (!this.#closed) {
      this.#closed = true;
      this.#file.close();
    }
  }
}

const EMPTY = Buffer.alloc(0);
