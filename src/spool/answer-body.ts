import type { ResponseSink, StreamBody } from "../http/exchange.ts";
import { SpoolFile } from "./spool-file.ts";

/** Bytes read back from the file at once. */
const PIECE = 256 * 1024;
/** Bytes that may wait for the disk before the worker is held back. */
const PENDING_LIMIT = 1024 * 1024;

/** What holds the producer of an answer back, and lets it go on. */
export interface Producer {
  pause(): void;
  resume(): void;
  /** The client is gone: produce no more. */
  abandon(): void;
}

/**
 * A worker's streamed answer on its way to a client. Pieces pass straight through while the client keeps up; otherwise they
 * wait in memory, then in a file, so that a slow reader holds no lane; beyond `fileLimit` the worker is held back.
 */
export class AnswerBody implements StreamBody {
  readonly kind = "stream";
  readonly length: number;
  readonly #memoryLimit: number;
  readonly #fileLimit: number;
  readonly #producer: Producer;
  #sink: ResponseSink | null = null;
  #blocked = true;
  /** In order: what is in memory, then what is in the file. */
  #memory: Buffer[] = [];
  #memorySize = 0;
  #file: SpoolFile | null = null;
  #fileRead = 0;
  #reading = false;
  #held = false;
  #ended = false;
  #failure: string | null = null;
  #trailers: readonly (readonly [string, string])[] | undefined;
  #done = false;

  constructor(length: number, memoryLimit: number, fileLimit: number, producer: Producer) {
    this.length = length;
    this.#memoryLimit = memoryLimit;
    this.#fileLimit = fileLimit;
    this.#producer = producer;
  }

  // --- the worker's side ---

  write(chunk: Buffer): void {
    if (this.#done || chunk.length === 0) return;
    if (!this.#blocked && this.#memorySize === 0 && this.#file === null && this.#sink !== null) {
      this.#blocked = !this.#sink.write(chunk);
      return;
    }
    if (this.#file === null && this.#memorySize + chunk.length <= this.#memoryLimit) {
      this.#memory.push(chunk);
      this.#memorySize += chunk.length;
      return;
    }
    this.#toFile(chunk);
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    this.#ended = true;
    this.#trailers = trailers;
    this.#pump();
  }

  /** The worker failed after it had begun to answer. */
  fail(reason: string): void {
    this.#failure = reason;
    this.#pump();
  }

  // --- the client's side ---

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.#blocked = false;
    this.#pump();
  }

  resume(): void {
    this.#blocked = false;
    this.#pump();
  }

  cancel(): void {
    if (this.#done) return;
    this.#finish();
    this.#producer.abandon();
    this.#letGo();
  }

  // --- internal ---

  #pump(): void {
    const sink = this.#sink;
    if (sink === null || this.#done) return;
    while (!this.#blocked && this.#memory.length > 0) {
      const chunk = this.#memory.shift()!;
      this.#memorySize -= chunk.length;
      this.#blocked = !sink.write(chunk);
    }
    if (this.#memory.length > 0) return;
    if (this.#file !== null && this.#fileRead < this.#file.appended) {
      if (!this.#blocked) this.#readBack(sink);
      return;
    }
    this.#closeFile();
    if (this.#failure !== null) {
      this.#finish();
      sink.fail(this.#failure);
    } else if (this.#ended) {
      this.#finish();
      sink.end(this.#trailers);
    }
  }

  #readBack(sink: ResponseSink): void {
    const file = this.#file!;
    if (this.#reading || file.written <= this.#fileRead) return;
    this.#reading = true;
    file.read(this.#fileRead, PIECE, (data) => {
      this.#reading = false;
      if (this.#done) return;
      this.#fileRead += data.length;
      this.#blocked = !sink.write(data);
      this.#letGo();
      this.#pump();
    });
  }

  #toFile(chunk: Buffer): void {
    if (this.#file === null) {
      try {
        this.#file = SpoolFile.open((error) => this.#spoolFailed(error));
      } catch {
        // No room on disk: hold the worker back instead, as if the limits were reached.
        this.#memory.push(chunk);
        this.#memorySize += chunk.length;
        this.#hold();
        return;
      }
      this.#file.onWritten = () => {
        this.#letGo();
        this.#pump();
      };
    }
    this.#file.append(chunk);
    if (this.#file.pending > PENDING_LIMIT || this.#file.appended - this.#fileRead > this.#fileLimit) this.#hold();
  }

  // What is in the file can't be had again: the answer is cut, so that the client can tell.
  #spoolFailed(error: Error): void {
    this.#file?.close();
    this.#file = null;
    this.#fileRead = 0;
    this.#failure = `spool answer: ${error.message}`;
    this.#pump();
  }

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#producer.pause();
  }

  #letGo(): void {
    if (!this.#held) return;
    if (!this.#done) {
      if (this.#memorySize > this.#memoryLimit) return;
      const file = this.#file;
      if (file !== null && (file.pending > PENDING_LIMIT / 2 || file.appended - this.#fileRead > this.#fileLimit / 2))
        return;
    }
    this.#held = false;
    this.#producer.resume();
  }

  // The file is emptied: what comes next may pass straight through again.
  #closeFile(): void {
    this.#file?.close();
    this.#file = null;
    this.#fileRead = 0;
    this.#letGo();
  }

  #finish(): void {
    this.#done = true;
    this.#memory = [];
    this.#memorySize = 0;
    this.#file?.close();
    this.#file = null;
  }
}
