import fs from "node:fs";
import sonicBoom, { type SonicBoom } from "sonic-boom";
import { PropylonError } from "../base/errors.ts";

/** Bytes that wait for a file that takes none (disk full, a pipe that nobody reads); what comes after is dropped. */
const WAITING_BYTES = 4 * 1024 * 1024;
/** Pieces that wait together are joined up to this many bytes, so that a backlog shrinks fast. */
const WRITE_BYTES = 512 * 1024;
const STDERR = 2;
/** Attempts, 100 ms apart, to write to a full pipe when the process ends. */
const LAST_ATTEMPTS = 3;

/** Told once when trouble begins and once when it is over, of every line lost, and when the file is closed after `end`. */
export interface LogFileEvents {
  warn(message: string): void;
  dropped(lines: number): void;
  closed(): void;
}

/**
 * One open log file. Pieces are written in order by the thread pool, so that a disk or pipe that hangs holds no exchange up; a
 * write that fails is tried again with the next piece, from the byte where it stopped, so that no line is torn.
 */
export class LogFile {
  /** A file of the disk: it has a size, and can be renamed. */
  readonly regular: boolean;
  /** Bytes in it when it was opened; 0 for what is no file. */
  readonly size: number;
  /** When it was begun, ms since 1970: by the file system, or now. */
  readonly begun: number;
  readonly #path: string;
  readonly #fd: number;
  readonly #stat: fs.Stats;
  readonly #file: SonicBoom;
  readonly #events: LogFileEvents;
  /** What was given to the file and is not written yet: a piece's bytes and lines. */
  readonly #pieces: { bytes: number; readonly lines: number }[] = [];
  #trouble: "none" | "slow" | "failing" = "none";
  /** Lines lost in this trouble. */
  #dropped = 0;
  #kept = true;
  #ending = false;
  #lastAttempts = Number.POSITIVE_INFINITY;

  /** Takes ownership of `fd`. */
  constructor(path: string, fd: number, events: LogFileEvents) {
    this.#path = path;
    this.#fd = fd;
    this.#events = events;
    this.#stat = fs.fstatSync(fd);
    this.regular = this.#stat.isFile() && fd > STDERR;
    this.size = this.regular ? this.#stat.size : 0;
    this.begun = this.size > 0 && this.#stat.birthtimeMs > 0 ? this.#stat.birthtimeMs : Date.now();
    const retryEAGAIN = () => this.#lastAttempts-- > 0;
    this.#file = new sonicBoom.SonicBoom({
      fd,
      contentMode: "buffer",
      maxLength: WAITING_BYTES,
      maxWrite: WRITE_BYTES,
      retryEAGAIN,
    });
    this.#file.on("error", (error: Error) => this.#failed(error));
    this.#file.on("drop", () => {
      this.#kept = false;
    });
    this.#file.on("write", (bytes: number) => this.#written(bytes));
    this.#file.on("close", () => events.closed());
  }

  /** It has a path of its own that can be opened anew, which stdout has not. */
  get named(): boolean {
    return this.#fd > STDERR && this.#path !== "-";
  }

  /** Nothing can be written at present. */
  get failing(): boolean {
    return this.#trouble === "failing";
  }

  /** Whether this is the file that the numbers of another look say. */
  is({ dev, ino }: fs.Stats): boolean {
    return this.#stat.dev === dev && this.#stat.ino === ino;
  }

  /** `text`: `lines` whole lines, one character a byte. */
  write(text: string, lines: number): void {
    this.#pieces.push({ bytes: text.length, lines });
    this.#kept = true;
    // The declared type knows only the other content mode, where write takes a string.
    (this.#file as unknown as { write(data: Buffer): boolean }).write(Buffer.from(text, "latin1"));
    if (this.#kept) return;
    this.#pieces.pop();
    this.#drop(lines);
    if (this.#trouble !== "none") return;
    this.#trouble = "slow";
    this.#events.warn(`write log "${this.#path}": it takes lines too slowly; they are dropped`);
  }

  /** Tries again to write what could not be written. */
  retry(): void {
    if (this.#trouble === "failing") this.#file.flush();
  }

  /** Writes what waits, then closes the file. */
  end(): void {
    this.#ending = true;
    if (this.#trouble === "failing") this.#giveUp();
    else this.#file.end();
  }

  /**
   * Writes what waits and then `text`, when the process is ending. What the thread pool has begun it still finishes; anything
   * given to it now would be lost.
   */
  finish(text: string): void {
    this.#lastAttempts = LAST_ATTEMPTS;
    try {
      this.#file.flushSync();
      fs.writeSync(this.#fd, Buffer.from(text, "latin1"));
    } catch {
      // Nobody is left who could be told, and there is no time to wait.
    }
  }

  #written(bytes: number): void {
    let left = bytes;
    while (left > 0 && this.#pieces.length > 0) {
      const first = this.#pieces[0]!;
      const taken = Math.min(left, first.bytes);
      first.bytes -= taken;
      left -= taken;
      if (first.bytes === 0) this.#pieces.shift();
    }
    if (this.#trouble === "none" || this.#pieces.length > 0) return;
    this.#trouble = "none";
    this.#events.warn(`write log "${this.#path}": it works again, ${this.#dropped} lines were lost`);
    this.#dropped = 0;
  }

  #failed(error: Error): void {
    if (this.#trouble !== "failing") {
      this.#trouble = "failing";
      this.#events.warn(`write log "${this.#path}": ${error.message}; lines wait in memory, then are dropped`);
    }
    if (this.#ending) this.#giveUp();
  }

  #giveUp(): void {
    for (const piece of this.#pieces.splice(0)) this.#drop(piece.lines);
    if (this.#dropped > 0)
      this.#events.warn(`write log "${this.#path}": it is given up, ${this.#dropped} lines were lost`);
    this.#dropped = 0;
    this.#file.destroy();
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#events.dropped(lines);
  }
}

/** Opens a log for appending; `-` is stdout. Throws a PropylonError when that is impossible. */
export function openLog(path: string): number {
  if (path === "-") return 1;
  try {
    // A FIFO opened for writing alone would block until somebody reads it (fifo(7)).
    const fifo = fs.statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
    return fs.openSync(path, fifo ? "r+" : "a", 0o640);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PropylonError("user", `open log "${path}": ${message}`, {
      remedy: "name a file in a folder that may be written to (by `user`, for access logs), or `-` for stdout",
      cause: error,
    });
  }
}
