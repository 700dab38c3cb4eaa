import type { Client, Exchange, ExchangeObserver } from "../http/exchange.ts";
import { AccessLogs, type LogDraft } from "../log/access-logs.ts";
import type { ExchangeLog } from "../log/exchange-log.ts";
import type { MetricFamily } from "../metrics/family.ts";
import { HttpMetrics } from "../metrics/http-metrics.ts";
import { endState, knownState } from "../template/request-state.ts";
import { STDERR } from "./messages.ts";

/** Everything that watches exchanges end: the metrics always, the access logs where there are some. */
export class EdgeObservers implements ExchangeObserver {
  readonly metrics = new HttpMetrics();
  readonly #logs: AccessLogs;
  #log: LogDraft;

  constructor(warn: (level: "warn", message: string) => void) {
    this.#logs = new AccessLogs({ warn: (message) => warn("warn", message), stderr: STDERR });
    this.#log = this.#logs.draft();
  }

  /** Lines that could not be written, over all logs so far. */
  get droppedLogLines(): number {
    return this.#logs.dropped;
  }

  families(): MetricFamily[] {
    const name = "propylon_access_log_dropped_lines_total";
    const samples = [{ name, labels: {}, value: this.droppedLogLines }];
    const dropped: MetricFamily = {
      name,
      help: "Access log lines that could not be written.",
      type: "counter",
      samples,
    };
    return [...this.metrics.families(), dropped];
  }

  /** Begins the logs of a new configuration: to be used, or discarded. */
  draftLogs(): LogDraft {
    return this.#logs.draft();
  }

  useLogs(draft: LogDraft): void {
    this.#logs.use(draft);
    this.#log = draft;
  }

  reopenLogs(): void {
    this.#logs.reopen();
  }

  /** Resolves soon, when the last lines are written or given up. */
  close(): Promise<void> {
    return this.#logs.close();
  }

  ended(exchange: Exchange, status: number, bytes: number): void {
    endState(exchange);
    this.metrics.ended(exchange, status, bytes);
    const state = knownState(exchange);
    if (state === null) this.#log.top.ended(exchange, status, bytes);
    else if (state.logged) ((state.log as ExchangeLog | null) ?? this.#log.top).ended(exchange, status, bytes);
  }

  refused(client: Client, status: number, reason: string, line: string): void {
    this.metrics.refused(client, status, reason, line);
    this.#log.ofRefused(client.listener).refused(client, status, reason, line);
  }

  connectionOpened(): void {
    this.metrics.connectionOpened();
  }

  connectionClosed(): void {
    this.metrics.connectionClosed();
  }
}
