import sonicBoom, { type SonicBoom } from "sonic-boom";
import { formatJson, formatText, type LogRecord } from "../base/log.ts";

/** Bytes that may wait for a reader that is slow; then records are dropped and counted, since main must not wait for it. */
const WAITING = 4 * 1024 * 1024;
/** Longest wait for such a reader at the end, ms. */
const LAST_WAIT = 1000;

/**
 * Writes log records to stderr, one a line. The thread pool writes, since Node's own stderr holds the process up when it is a
 * pipe that nobody reads.
 * A reader that has gone away (`propylon ... 2>&1 | head`) is no error.
 */
export class LogOutput {
  readonly #file: SonicBoom;
  readonly #format: (record: LogRecord) => string;
  #dropped = 0;
  #over = false;

  constructor(fd: number, format: "text" | "json") {
    this.#format = format === "json" ? formatJson : formatText;
    this.#file = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: WAITING });
    this.#file.on("error", () => {}); // nobody reads: nothing to say it to
    this.#file.on("drop", () => {
      this.#dropped++;
    });
  }

  readonly write = (record: LogRecord): void => {
    if (this.#dropped > 0) this.#tellDropped();
    this.say(this.#format(record));
  };

  /** A line for people, in turn with the records. */
  say(line: string): void {
    if (!this.#over) this.#file.write(`${line}\n`);
  }

  /** Resolves when all is written, or can't be. */
  async end(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#file.once("close", resolve);
      this.#file.once("error", () => resolve());
      timer = setTimeout(resolve, LAST_WAIT);
      this.#file.end();
    });
    clearTimeout(timer);
    this.#over = true;
    this.#file.destroy();
  }

  #tellDropped(): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    const message = `${dropped} log records were dropped: they were not read fast enough`;
    this.say(this.#format({ time: new Date(), level: "warn", source: "main", message, fields: undefined }));
    if (this.#dropped > 0) this.#dropped = dropped; // there is still no room, not even for this one
  }
}
