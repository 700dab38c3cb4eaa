import type { AccessLogConfig } from "../config/model.ts";
import type { Client, Exchange, ExchangeObserver } from "../http/exchange.ts";
import { HttpMetrics } from "../metrics/http-metrics.ts";
import { AccessLog } from "../middleware/access-log.ts";
import { isLogged } from "../template/request-state.ts";

/** Everything that watches exchanges end: the metrics always, the access log when it is on. */
export class EdgeObservers implements ExchangeObserver {
  readonly metrics = new HttpMetrics();
  readonly #warn: (level: "warn", message: string) => void;
  #log: AccessLog | null = null;
  #logConfig: AccessLogConfig | null = null;
  #droppedBefore = 0;

  constructor(warn: (level: "warn", message: string) => void) {
    this.#warn = warn;
  }

  /** Lines that could not be written, over all log files so far. */
  get droppedLogLines(): number {
    return this.#droppedBefore + (this.#log?.dropped ?? 0);
  }

  /** Opens the log that the configuration names, unless it is the one that is open. Throws when it can't be opened. */
  configure(config: AccessLogConfig | null): void {
    const before = this.#logConfig;
    if (before?.path === config?.path && before?.format === config?.format) return;
    const log = config === null ? null : new AccessLog(config, (message) => this.#warn("warn", message));
    log?.start();
    this.#droppedBefore = this.droppedLogLines;
    this.#log?.stop();
    this.#log = log;
    this.#logConfig = config;
  }

  reopenLogs(): void {
    this.#log?.reopen();
  }

  close(): void {
    this.#log?.stop();
  }

  ended(exchange: Exchange, status: number, bytes: number): void {
    this.metrics.ended(exchange, status, bytes);
    if (this.#log !== null && isLogged(exchange)) this.#log.ended(exchange, status, bytes);
  }

  refused(client: Client, status: number, reason: string, line: string): void {
    this.metrics.refused(client, status, reason, line);
    if (this.#log !== null) this.#log.refused(client, status, reason, line);
  }

  connectionOpened(): void {
    this.metrics.connectionOpened();
  }

  connectionClosed(): void {
    this.metrics.connectionClosed();
  }
}
