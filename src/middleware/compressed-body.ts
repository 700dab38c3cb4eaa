import fs from "node:fs";
import type { Coding } from "../http/accept-encoding.ts";
import type { FileBody, ResponseSink, StreamBody } from "../http/exchange.ts";
import { type Compressor, createCompressor, flushOf } from "./compressor.ts";

/** Bytes read of a file at once. */
const PIECE = 64 * 1024;

/** A streamed body, compressed on its way: what the app has sent is passed on when it pauses, so that events arrive at once. */
export class CompressedStream implements StreamBody, ResponseSink {
  readonly kind = "stream";
  readonly length = -1;
  readonly #body: StreamBody;
  readonly #coding: Coding;
  readonly #compressor: Compressor;
  #sink: ResponseSink | null = null;
  #trailers: readonly (readonly [string, string])[] | undefined;
  /** The client is behind. */
  #blocked = false;
  /** The producer was told to wait. */
  #waiting = false;
  #flushing = false;
  #written = false;
  #done = false;

  constructor(body: StreamBody, coding: Coding, level: number) {
    this.#body = body;
    this.#coding = coding;
    this.#compressor = createCompressor(coding, level, body.length);
  }

  // --- the client's side ---

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.#compressor.on("data", (piece: Buffer) => {
      if (this.#done || sink.write(piece)) return;
      this.#blocked = true;
      this.#compressor.pause();
    });
    this.#compressor.on("end", () => {
      if (this.#done) return;
      this.#done = true;
      sink.end(this.#trailers);
    });
    this.#compressor.on("error", (error) => this.#fail(`compress the response: ${error.message}`));
    this.#compressor.on("drain", () => this.#goOn());
    this.#body.start(this);
  }

  resume(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#compressor.resume();
    this.#goOn();
  }

  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.#compressor.destroy();
    this.#body.cancel();
  }

  // --- the producer's side ---

  write(chunk: Buffer): boolean {
    if (this.#done) return false;
    const room = this.#compressor.write(chunk);
    this.#written = true;
    this.#flushSoon();
    this.#waiting = !room || this.#blocked;
    return !this.#waiting;
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    if (this.#done) return;
    this.#trailers = trailers;
    this.#compressor.end();
  }

  fail(reason: string): void {
    this.#fail(reason);
  }

  // --- internal ---

  /** Once the producer has said all that it has to say at this moment. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      if (this.#done || !this.#written || this.#compressor.writableEnded) return;
      this.#written = false;
      this.#compressor.flush(flushOf(this.#coding));
    });
  }

  #goOn(): void {
    if (!this.#waiting || this.#blocked || this.#done || this.#compressor.writableNeedDrain) return;
    this.#waiting = false;
    this.#body.resume();
  }

  #fail(reason: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#compressor.destroy();
    this.#sink?.fail(reason);
  }
}

/** A file as a streamed body, read as fast as it is taken. */
export class FileStream implements StreamBody {
  readonly kind = "stream";
  readonly length: number;
  readonly #file: FileBody;
  #sink: ResponseSink | null = null;
  #position: number;
  #remaining: number;
  #reading = false;
  #closed = false;

  constructor(file: FileBody) {
    this.#file = file;
    this.length = file.length;
    this.#position = file.start;
    this.#remaining = file.length;
  }

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.#read();
  }

  resume(): void {
    this.#read();
  }

  cancel(): void {
    // A read under way closes the file when it is done: its descriptor must not be another file's by then.
    if (this.#reading) this.#closed = true;
    else this.#close();
  }

  #read(): void {
    if (this.#closed || this.#reading) return;
    if (this.#remaining === 0) {
      this.#close();
      this.#sink!.end();
      return;
    }
    this.#reading = true;
    const piece = Buffer.allocUnsafe(Math.min(PIECE, this.#remaining));
    fs.read(this.#file.fd, piece, 0, piece.length, this.#position, (error, count) => {
      this.#reading = false;
      if (this.#closed) return this.#file.close();
      if (error !== null || count === 0) {
        this.#close();
        this.#sink!.fail(
          error === null ? "the file became shorter while it was sent" : `read the file: ${error.message}`,
        );
        return;
      }
      this.#position += count;
      this.#remaining -= count;
      if (this.#sink!.write(piece.subarray(0, count))) this.#read();
    });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }
}
