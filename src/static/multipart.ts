import { read } from "node:fs";
import type { ResponseSink, StreamBody } from "../http/exchange.ts";
import type { MultipartPlan } from "../http/multipart-ranges.ts";
import { closeFile } from "./open-file.ts";

const PIECE = 128 * 1024;

/** The body read from an open file, which it closes. One read at a time, none while the client holds back. */
export class MultipartBody implements StreamBody {
  readonly kind = "stream";
  readonly length: number;
  readonly #plan: MultipartPlan;
  readonly #fd: number;
  #sink: ResponseSink | null = null;
  #part = 0;
  /** Next byte of the current part; -1 before its preface is written. */
  #at = -1;
  #reading = false;
  #held = false;
  #ended = false;

  constructor(plan: MultipartPlan, fd: number) {
    this.#plan = plan;
    this.#fd = fd;
    this.length = plan.length;
  }

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.#advance();
  }

  resume(): void {
    this.#held = false;
    this.#advance();
  }

  cancel(): void {
    this.#finish();
  }

  #advance(): void {
    while (!this.#held && !this.#reading && !this.#ended) {
      const part = this.#plan.parts[this.#part];
      if (part === undefined) {
        this.#sink!.write(this.#plan.end);
        this.#finish();
        this.#sink!.end();
      } else if (this.#at < 0) {
        this.#at = part.range.start;
        this.#write(part.preface);
      } else if (this.#at > part.range.end) {
        this.#part++;
        this.#at = -1;
      } else {
        this.#read(part.range.end + 1 - this.#at);
      }
    }
  }

  #read(wanted: number): void {
    const piece = Buffer.allocUnsafeSlow(Math.min(wanted, PIECE));
    this.#reading = true;
    read(this.#fd, piece, 0, piece.length, this.#at, (error, count) => {
      this.#reading = false;
      if (this.#ended) {
        closeFile(this.#fd);
      } else if (error !== null || count === 0) {
        this.#finish();
        this.#sink!.fail(
          error === null ? "The file was truncated while it was sent" : `The file could not be read (${error.code})`,
        );
      } else {
        this.#at += count;
        this.#write(count === piece.length ? piece : piece.subarray(0, count));
        this.#advance();
      }
    });
  }

  #write(piece: Buffer): void {
    if (!this.#sink!.write(piece)) this.#held = true;
  }

  /** Closes the file, after the read in flight if there is one: its number must not be given to another file meanwhile. */
  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#reading) closeFile(this.#fd);
  }
}
