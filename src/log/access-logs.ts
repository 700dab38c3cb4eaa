import type { ConditionConfig } from "../config/condition-model.ts";
import type { LogDestination, LogFormatConfig } from "../config/log-model.ts";
import type { Config } from "../config/model.ts";
import type { AccessLogConfig } from "../config/route-model.ts";
import { parseTemplate } from "../config/template.ts";
import type { Exchange } from "../http/exchange.ts";
import type { TemplateCompiler } from "../template/template.ts";
import { ExchangeLog } from "./exchange-log.ts";
import type { LogFormat } from "./line.ts";
import { CombinedFormat, JsonFormat } from "./log-formats.ts";
import type { LogWriter } from "./log-writer.ts";
import { type OpenOptions, openWriter } from "./open-writer.ts";
import { TextFormat } from "./text-format.ts";
import { fileNamePart } from "./varied-files.ts";

/** What formats and conditions are compiled with. */
export interface LogParts {
  readonly templates: TemplateCompiler;
  readonly condition: (config: ConditionConfig) => (exchange: Exchange) => boolean;
}

/** All access logs of an edge: what is open outlives a reload that names it again. */
export class AccessLogs {
  readonly #options: OpenOptions;
  #open = new Map<string, LogWriter>();
  #droppedBefore = 0;

  /** `options.warn` is told of trouble with a log, once when it begins and once when it is over. */
  constructor(options: OpenOptions) {
    this.#options = options;
  }

  /** Lines that could not be written, over all logs so far. */
  get dropped(): number {
    let sum = this.#droppedBefore;
    for (const writer of this.#open.values()) sum += writer.dropped;
    return sum;
  }

  /** Begins the logs of a new configuration. */
  draft(): LogDraft {
    return new LogDraft(this.#open, this.#options);
  }

  /** The logs of this draft are those that are written from now on; others are closed. */
  use(draft: LogDraft): void {
    for (const [key, writer] of this.#open) {
      if (draft.writers.has(key)) continue;
      void writer.stop();
      this.#droppedBefore += writer.dropped;
    }
    this.#open = draft.writers;
  }

  reopen(): void {
    for (const writer of this.#open.values()) writer.reopen();
  }

  /** Writes what waits and closes everything; resolves soon, whatever happens. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((writer) => writer.stop()));
  }
}

/** The logs of a configuration that is being made ready. */
export class LogDraft {
  readonly writers = new Map<string, LogWriter>();
  readonly #before: ReadonlyMap<string, LogWriter>;
  readonly #options: OpenOptions;
  readonly #made = new Map<string, ExchangeLog>();
  readonly #formats = new Map<string, LogFormat>();
  readonly #refused = new Map<string, ExchangeLog>();
  #makeRefused: (listener: string) => ExchangeLog = () => this.top;
  top = new ExchangeLog([]);

  constructor(before: ReadonlyMap<string, LogWriter>, options: OpenOptions) {
    this.#before = before;
    this.#options = options;
  }

  /** The logs of what no route has its own for, and of requests that were refused before there was a route. */
  general(
    config: Pick<Config, "accessLog" | "sites">,
    make: (configs: readonly AccessLogConfig[]) => ExchangeLog,
  ): void {
    this.top = make(config.accessLog);
    this.#makeRefused = (listener) => {
      if (!this.top.empty) return this.top;
      const sites = config.sites.filter(({ listeners }) => listeners === null || listeners.includes(listener));
      const site = sites.find((one) => one.default) ?? sites.find(({ hosts }) => hosts.includes("_")) ?? sites[0];
      return site?.accessLog == null || !site.logged ? this.top : make(site.accessLog);
    };
  }

  /** The log of requests that were refused on this listener: where there is none for everything, that of its default site. */
  ofRefused(listener: string): ExchangeLog {
    let log = this.#refused.get(listener);
    if (log === undefined) {
      log = this.#makeRefused(listener);
      this.#refused.set(listener, log);
    }
    return log;
  }

  /** The logs of a route; the same configuration gives the same object. Throws a PropylonError when one can't be opened. */
  make(configs: readonly AccessLogConfig[], parts: LogParts): ExchangeLog {
    const key = JSON.stringify(configs);
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const log = new ExchangeLog(
      configs.map(({ destination, format, conditions }) => ({
        format: this.#format(format, parts.templates),
        conditions: conditions.map(parts.condition),
        writer: this.#writer(destination),
        ...(destination.kind === "files" && { pathOf: variedPath(destination.path, parts.templates) }),
      })),
    );
    this.#made.set(key, log);
    return log;
  }

  /** The configuration is not used after all: closes what was opened for it. */
  discard(): void {
    for (const [key, writer] of this.writers) if (!this.#before.has(key)) void writer.stop();
  }

  #writer(destination: LogDestination): LogWriter {
    const key = JSON.stringify(destination);
    const writer = this.writers.get(key) ?? this.#before.get(key) ?? this.#opened(destination);
    this.writers.set(key, writer);
    return writer;
  }

  #opened(destination: LogDestination): LogWriter {
    const writer = openWriter(destination, this.#options);
    writer.start();
    return writer;
  }

  #format(config: LogFormatConfig, templates: TemplateCompiler): LogFormat {
    const key = JSON.stringify(config);
    let format = this.#formats.get(key);
    if (format === undefined) {
      format = makeFormat(config, templates);
      this.#formats.set(key, format);
    }
    return format;
  }
}

/** The path of the file for an exchange. */
function variedPath(path: string, templates: TemplateCompiler): (exchange: Exchange) => string {
  const parts = parseTemplate(path).map((part) =>
    part.kind === "text" ? part.text : templates.compile(`{${part.name}}`),
  );
  return (exchange) =>
    parts.map((part) => (typeof part === "string" ? part : fileNamePart(part.evaluate(exchange)))).join("");
}

function makeFormat(config: LogFormatConfig, templates: TemplateCompiler): LogFormat {
  switch (config.kind) {
    case "combined":
      return new CombinedFormat();
    case "json":
      return new JsonFormat();
    case "text":
    case "fields":
      return new TextFormat(config, templates);
  }
}
