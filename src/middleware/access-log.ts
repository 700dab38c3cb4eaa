import type { AccessLogConfig } from "../config/model.ts";
import type { Client, Exchange, ExchangeObserver } from "../http/exchange.ts";
import { LineWriter } from "./line-writer.ts";
import { CombinedFormat, JsonFormat, type LogFormat } from "./log-formats.ts";

/** Writes a line for each exchange that ended and each request that was refused. */
export class AccessLog implements ExchangeObserver {
  readonly #format: LogFormat;
  readonly #writer: LineWriter;

  /** `warn` is told when the file can't be written, once, and when it can again. */
  constructor(config: AccessLogConfig, warn: (message: string) => void) {
    this.#format = config.format === "json" ? new JsonFormat() : new CombinedFormat();
    this.#writer = new LineWriter(config.path, warn);
  }

  /** Lines that could not be written. */
  get dropped(): number {
    return this.#writer.dropped;
  }

  /** Opens the file. Throws a PropylonError when that is impossible. */
  start(): void {
    this.#writer.start();
  }

  /** After a rotation: opens the file's path anew. */
  reopen(): void {
    this.#writer.reopen();
  }

  stop(): void {
    this.#writer.stop();
  }

  ended(exchange: Exchange, status: number, bytes: number): void {
    this.#writer.write(this.#format.exchange(exchange, status, bytes));
  }

  refused(client: Client, status: number, reason: string, line: string): void {
    this.#writer.write(this.#format.refused(client, status, reason, line));
  }

  connectionOpened(): void {}

  connectionClosed(): void {}
}
