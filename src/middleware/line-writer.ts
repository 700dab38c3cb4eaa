import { LogFile, openLog } from "./log-file.ts";

/** Lines are given to the file in pieces of at least so many bytes, or when FLUSH_INTERVAL ms have passed. */
const PIECE_BYTES = 32 * 1024;
const FLUSH_INTERVAL = 1000;

/** Appends lines to a log file in pieces, so that a line costs its bytes and no system call. */
export class LineWriter {
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #file: LogFile | null = null;
  #timer: NodeJS.Timeout | null = null;
  #text = "";
  #lines = 0;
  #dropped = 0;
  // Files left behind that are still written to their end.
  readonly #ending = new Set<LogFile>();
  readonly #onExit = () => {
    for (const file of this.#ending) file.finish("");
    this.#file?.finish(this.#text);
  };

  /** `path`: absolute, or `-` for stdout. `warn` is told of trouble, once when it begins and once when it is over. */
  constructor(path: string, warn: (message: string) => void) {
    this.#path = path;
    this.#warn = warn;
  }

  /** Lines lost because the file would not take them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Opens the file. Throws a PropylonError when that is impossible. */
  start(): void {
    this.#file = this.#open();
    process.on("exit", this.#onExit);
    this.#timer = setInterval(() => this.flush(), FLUSH_INTERVAL).unref();
  }

  /** `line`: ASCII, its line feed included. */
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
    file.write(text, lines);
  }

  /** Opens the path anew (it was renamed away). Earlier lines go to the old file; when the new one can't be opened, later ones too. */
  reopen(): void {
    if (this.#file === null || this.#path === "-") return;
    this.flush();
    try {
      const file = this.#open();
      this.#leave(this.#file);
      this.#file = file;
    } catch (error) {
      this.#warn(`${error instanceof Error ? error.message : String(error)}; the old file is written on`);
    }
  }

  stop(): void {
    if (this.#file === null) return;
    this.flush();
    this.#leave(this.#file);
    this.#file = null;
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #leave(file: LogFile): void {
    this.#ending.add(file);
    file.end();
  }

  #open(): LogFile {
    const file: LogFile = new LogFile(this.#path, openLog(this.#path), {
      warn: this.#warn,
      dropped: (lines) => {
        this.#dropped += lines;
      },
      closed: () => {
        this.#ending.delete(file);
        if (this.#file === null && this.#ending.size === 0) process.off("exit", this.#onExit);
      },
    });
    return file;
  }
}
