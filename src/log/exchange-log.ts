import type { Client, Exchange } from "../http/exchange.ts";
import { setVariable } from "../template/request-state.ts";
import { type LogFormat, loggedStatus } from "./line.ts";
import type { LogWriter } from "./log-writer.ts";
import { RefusedExchange } from "./refused-exchange.ts";
import type { VariedFiles } from "./varied-files.ts";

/** One log that exchanges are written to: the lines of one format, for those that all conditions hold for. */
export interface LogEntry {
  readonly format: LogFormat;
  readonly conditions: readonly ((exchange: Exchange) => boolean)[];
  readonly writer: LogWriter;
  /** Where the file depends on the request: its path. The writer is a `VariedFiles` then. */
  readonly pathOf?: (exchange: Exchange) => string;
}

/** The access logs of a route, or of everything that has none of its own. */
export class ExchangeLog {
  readonly #entries: readonly LogEntry[];

  constructor(entries: readonly LogEntry[]) {
    this.#entries = entries;
  }

  /** Whether nothing is written at all. */
  get empty(): boolean {
    return this.#entries.length === 0;
  }

  ended(exchange: Exchange, status: number, bytes: number): void {
    for (const { format, conditions, writer, pathOf } of this.#entries) {
      if (conditions.length > 0 && !holds(conditions, exchange, status)) continue;
      const line = format.exchange(exchange, status, bytes);
      if (pathOf === undefined) writer.write(line);
      else (writer as VariedFiles).writeTo(pathOf(exchange), line);
    }
  }

  refused(client: Client, status: number, reason: string, line: string): void {
    for (const { format, conditions, writer } of this.#entries)
      if (conditions.length === 0 || holds(conditions, new RefusedExchange(client), status))
        writer.write(format.refused(client, status, reason, line));
  }
}

/** Conditions see the status of what got no answer, too. */
function holds(conditions: LogEntry["conditions"], exchange: Exchange, status: number): boolean {
  if (exchange.sent == null) setVariable(exchange, "status", String(loggedStatus(status)));
  return conditions.every((condition) => condition(exchange));
}
