import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** Where bytes wait that are too many for memory: a temporary file without a name, gone with the process whatever happens. */
export class SpoolFile {
  /** Bytes that `append` has taken. */
  appended = 0;
  /** Bytes that have reached the file. */
  written = 0;
  readonly #fd: number;
  readonly #onError: (error: Error) => void;
  #waiting: Buffer[] = [];
  #writing = false;
  #closed = false;
  #reads = 0;

  constructor(fd: number, onError: (error: Error) => void) {
    this.#fd = fd;
    this.#onError = onError;
  }

  /** Opens one in the system's temporary folder, 0600, unlinked at once. Throws the system's error (no space, no access). */
  static open(onError: (error: Error) => void): SpoolFile {
    const name = path.join(os.tmpdir(), `propylon-spool-${process.pid}-${randomBytes(8).toString("hex")}`);
    const fd = fs.openSync(
      name,
      fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW,
      0o600,
    );
    fs.unlinkSync(name);
    return new SpoolFile(fd, onError);
  }

  /** Bytes taken that are not in the file yet: hold the producer back when this grows. */
  get pending(): number {
    return this.appended - this.written;
  }

  append(chunk: Buffer): void {
    this.appended += chunk.length;
    this.#waiting.push(chunk);
    this.#write();
  }

  /** Reads up to `length` written bytes from `offset`; calls back with what was there. */
  read(offset: number, length: number, callback: (data: Buffer) => void): void {
    const data = Buffer.allocUnsafe(Math.min(length, this.written - offset));
    this.#reads++;
    fs.read(this.#fd, data, 0, data.length, offset, (error, count) => {
      this.#reads--;
      if (this.#closed) return this.#release();
      if (error !== null) return this.#onError(error);
      callback(count === data.length ? data : data.subarray(0, count));
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#release();
  }

  #write(): void {
    if (this.#writing || this.#closed || this.#waiting.length === 0) return;
    const data = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#writing = true;
    this.#writeAll(data, 0);
  }

  #writeAll(data: Buffer, from: number): void {
    fs.write(this.#fd, data, from, data.length - from, this.written, (error, count) => {
      if (this.#closed || error !== null) {
        this.#writing = false;
        if (this.#closed) this.#release();
        else if (error !== null) this.#onError(error);
        return;
      }
      this.written += count;
      if (from + count < data.length) return this.#writeAll(data, from + count);
      this.#writing = false;
      this.onWritten?.();
      this.#write();
    });
  }

  /** Called when more of what was appended has reached the file. */
  onWritten: (() => void) | null = null;

  // A descriptor is closed only when no read or write is under way: its number could be another file's by then.
  #release(): void {
    if (!this.#writing && this.#reads === 0) fs.close(this.#fd, () => {});
  }
}
