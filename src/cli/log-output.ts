import { formatJson, formatText, type LogRecord } from "../base/log.ts";

/** Bytes that may wait for a reader that is slow; then records are dropped and counted, since main must not wait for it. */
const WAITING = 4 * 1024 * 1024;

/** Writes log records to a stream, one a line. A reader that has gone away (`propylon ... 2>&1 | head`) is no error. */
export class LogOutput {
  readonly #stream: NodeJS.WriteStream;
  readonly #format: (record: LogRecord) => string;
  #dropped = 0;

  constructor(stream: NodeJS.WriteStream, format: "text" | "json") {
    this.#stream = stream;
    this.#format = format === "json" ? formatJson : formatText;
    stream.on("error", () => {}); // nobody reads: nothing to say it to
  }

  readonly write = (record: LogRecord): void => {
    if (this.#stream.writableLength > WAITING) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      const message = `${this.#dropped} log records were dropped: nobody read them`;
      this.#dropped = 0;
      this.#stream.write(`${this.#format({ ...record, level: "warn", source: "main", message, fields: undefined })}\n`);
    }
    this.#stream.write(`${this.#format(record)}\n`);
  };
}
