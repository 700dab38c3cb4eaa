import sonicBoom, { type SonicBoom } from "sonic-boom";
import { formatJson, formatText, type LogLevel, type LogRecord } from "../base/log.ts";
import type { LogConfig } from "../config/log-model.ts";
import type { LogWriter } from "../log/log-writer.ts";
import { openWriter } from "../log/open-writer.ts";

/** Bytes that may wait for a reader that is slow; then records are dropped and counted, since main must not wait for it. */
const WAITING = 4 * 1024 * 1024;
/** Longest wait for such a reader at the end, ms. */
const LAST_WAIT = 1000;

/** Severities of syslog (RFC 5424 §6.2.1) for our levels. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/**
 * Writes log records, one a line, to stderr or where the configuration says. The thread pool writes, since Node's own stderr holds the process up when it is a
 * pipe that nobody reads.
 * A reader that has gone away (`propylon ... 2>&1 | head`) is no error. What is said to people goes to stderr whatever the configuration says.
 */
export class LogOutput {
  readonly #file: SonicBoom;
  readonly #format: (record: LogRecord) => string;
  /** Where records go; null: to stderr, as what is said to people does. */
  readonly #writer: LogWriter | null;
  #dropped = 0;
  #over = false;

  /** Throws a PropylonError when the file that `config` names can't be opened. */
  constructor(fd: number, config: LogConfig) {
    this.#format = config.format === "json" ? formatJson : formatText;
    this.#writer =
      config.destination === null ? null : openWriter(config.destination, { warn: (message) => this.say(message) });
    this.#writer?.start();
    // A write that was under way at the end, and finds no room, would be tried again for ever, and main never end.
    this.#file = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: WAITING, retryEAGAIN: () => !this.#over });
    this.#file.on("error", () => {}); // nobody reads: nothing to say it to
    this.#file.on("drop", () => {
      this.#dropped++;
    });
  }

  readonly write = (record: LogRecord): void => {
    const line = this.#format(record);
    if (this.#writer !== null) {
      this.#writer.write(`${Buffer.from(line).latin1Slice()}\n`, SEVERITIES[record.level]);
      return;
    }
    if (this.#dropped > 0) this.#tellDropped();
    this.say(line);
  };

  /** After a rotation: opens the file's path anew. */
  reopen(): void {
    this.#writer?.reopen();
  }

  /** A line for people, in turn with the records. */
  say(line: string): void {
    if (!this.#over) this.#file.write(`${line}\n`);
  }

  /** Resolves when all is written, or can't be. */
  async end(): Promise<void> {
    await this.#writer?.stop();
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
