import fs from "node:fs";
import type { RotationConfig } from "../config/log-model.ts";
import { LogFile, openLog } from "./log-file.ts";
import type { LogWriter } from "./log-writer.ts";
import { setAside } from "./set-aside.ts";

/** Lines are given to the file in pieces of at least so many bytes, or when FLUSH_INTERVAL ms have passed. */
const PIECE_BYTES = 32 * 1024;
const FLUSH_INTERVAL = 1000;

export interface LineWriterSpec extends RotationConfig {
  /** Absolute, or `-` for stdout. */
  readonly path: string;
  /** Told of trouble, once when it begins and once when it is over. */
  readonly warn: (message: string) => void;
  /** An open descriptor that is written to instead; `path` is what it is called then. */
  readonly fd?: number;
}

const NEVER: RotationConfig = { rotateSize: 0, rotateAge: 0, rotateKeep: 0 };

/** A file that is written to by its path as long as it is there, and never set aside. */
export function plainFile(path: string, warn: (message: string) => void): LineWriterSpec {
  return { ...NEVER, path, warn };
}

/**
 * Appends lines to a log file in pieces, so that a line costs its bytes and no system call. Sets the file aside between two lines
 * when it is large or old, and opens the path anew when somebody else has moved the file away.
 */
export class LineWriter implements LogWriter {
  readonly #spec: LineWriterSpec;
  #file: LogFile | null = null;
  #timer: NodeJS.Timeout | null = null;
  #text = "";
  #lines = 0;
  #dropped = 0;
  /** Bytes in the file, with those that wait to be written. */
  #size = 0;
  /** Size from which on the file is set aside; more than `rotateSize` after that has failed. */
  #limit: number;
  /** When the file was begun, ms since 1970. */
  #begun = 0;
  /** It was said that the path can't be opened anew. */
  #told = false;
  // Files left behind that are still written to their end.
  readonly #ending = new Set<LogFile>();
  readonly #onExit = () => {
    for (const file of this.#ending) file.finish("");
    this.#file?.finish(this.#text);
  };

  constructor(spec: LineWriterSpec) {
    this.#spec = spec;
    this.#limit = spec.rotateSize;
  }

  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    this.#file = this.#open();
    process.on("exit", this.#onExit);
    this.#timer = setInterval(() => this.#tick(), FLUSH_INTERVAL).unref();
  }

  write(line: string): void {
    this.#text += line;
    this.#lines++;
    if (this.#text.length >= PIECE_BYTES) this.flush();
  }

  flush(): void {
    const file = this.#file;
    if (file === null) return;
    if (this.#lines === 0) {
      file.retry();
      return;
    }
    const text = this.#text;
    const lines = this.#lines;
    this.#text = "";
    this.#lines = 0;
    if (this.#limit > 0 && this.#size > 0 && this.#size + text.length > this.#limit) this.#rotate();
    this.#size += text.length;
    this.#file!.write(text, lines);
  }

  /** Opens the path anew (it was renamed away). Earlier lines go to the old file; when the new one can't be opened, later ones too. */
  reopen(): void {
    if (this.#file === null || !this.#file.named) return;
    this.flush();
    this.#replace();
  }

  stop(): Promise<void> {
    if (this.#file !== null) {
      this.flush();
      this.#leave(this.#file);
      this.#file = null;
      if (this.#timer !== null) clearInterval(this.#timer);
    }
    // What is left is written when the process exits, at the latest.
    return DONE;
  }

  #tick(): void {
    this.flush();
    const { rotateAge } = this.#spec;
    if (rotateAge > 0 && this.#size > 0 && Date.now() - this.#begun >= rotateAge) this.#rotate();
    const file = this.#file;
    if (file === null || !file.regular) return;
    // Not awaited by anybody: a disk that hangs holds nobody up.
    fs.stat(this.#spec.path, (error, stat) => {
      if (this.#file !== file) return;
      if (error === null && file.is(stat)) {
        // Shorter than what was written: somebody has cut it (logrotate's copytruncate).
        if (stat.size < this.#size) this.#size = stat.size;
        // Also of a disk that is full: who removes the file to make room gets the room when we let go of it.
      } else if (error === null || error.code === "ENOENT") this.#replace();
    });
  }

  #rotate(): void {
    const file = this.#file!;
    if (!file.regular || file.failing) return;
    const { path, rotateSize, rotateKeep, warn } = this.#spec;
    try {
      setAside(path, rotateKeep);
      this.#limit = rotateSize;
      this.#replace();
    } catch (error) {
      // Better a large file than none.
      this.#limit = rotateSize === 0 ? 0 : this.#size + rotateSize;
      this.#begun = Date.now();
      warn(`rotate log "${path}": ${messageOf(error)}; the file is written on`);
    }
  }

  #replace(): void {
    try {
      const file = this.#open();
      this.#leave(this.#file!);
      this.#file = file;
      this.#told = false;
    } catch (error) {
      if (!this.#told) this.#spec.warn(`${messageOf(error)}; the old file is written on`);
      this.#told = true;
    }
  }

  #leave(file: LogFile): void {
    this.#ending.add(file);
    file.end();
  }

  #open(): LogFile {
    const { path, warn, fd } = this.#spec;
    const file: LogFile = new LogFile(path, fd ?? openLog(path), {
      warn,
      dropped: (lines) => {
        this.#dropped += lines;
      },
      closed: () => {
        this.#ending.delete(file);
        if (this.#file === null && this.#ending.size === 0) process.off("exit", this.#onExit);
      },
    });
    this.#size = file.size;
    this.#begun = file.begun;
    return file;
  }
}

const DONE = Promise.resolve();

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
