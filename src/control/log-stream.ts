import type { LogRecord } from "../base/log.ts";
import { formatJson } from "../base/log.ts";
import type { ResponseSink, StreamBody } from "../http/exchange.ts";

/** Where log records come from; the supervisor's buffer is one. */
export interface LogSource {
  /** The last `count` records of this source, oldest first; of all when `name` is null. */
  tail(name: string | null, count: number): readonly LogRecord[];
  /** Calls `listener` for each new one until the returned function is called, `ended` when there will be no more. */
  follow(name: string | null, listener: (record: LogRecord) => void, ended: () => void): () => void;
}

/** Records kept for a follower that does not read; what comes then is left out, and said to be. */
const MOST_WAITING = 10_000;

/** The last records and, when `follow`, each new one: one JSON record a line. */
export class LogStream implements StreamBody {
  readonly kind = "stream";
  readonly length = -1;
  readonly #source: LogSource;
  readonly #name: string | null;
  readonly #count: number;
  readonly #follow: boolean;
  #sink: ResponseSink | null = null;
  #unfollow: (() => void) | null = null;
  #waiting: Buffer[] = [];
  #blocked = false;
  #dropped = 0;

  constructor(source: LogSource, options: { name: string | null; count: number; follow: boolean }) {
    this.#source = source;
    this.#name = options.name;
    this.#count = options.count;
    this.#follow = options.follow;
  }

  start(sink: ResponseSink): void {
    this.#sink = sink;
    const lines = this.#source.tail(this.#name, this.#count).map((record) => `${formatJson(record)}\n`);
    if (lines.length > 0) this.#blocked = !sink.write(Buffer.from(lines.join("")));
    if (!this.#follow) return sink.end();
    this.#unfollow = this.#source.follow(
      this.#name,
      (record) => this.#give(record),
      () => this.#end(),
    );
  }

  resume(): void {
    this.#blocked = false;
    if (this.#dropped > 0) {
      this.#waiting.push(Buffer.from(`${formatJson(droppedRecord(this.#dropped))}\n`));
      this.#dropped = 0;
    }
    if (this.#waiting.length === 0) return;
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#blocked = this.#sink?.write(all) === false;
  }

  cancel(): void {
    this.#unfollow?.();
    this.#unfollow = null;
    this.#waiting = [];
  }

  #end(): void {
    this.cancel();
    this.#sink?.end();
  }

  #give(record: LogRecord): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped++;
      return;
    }
    const line = Buffer.from(`${formatJson(record)}\n`);
    if (this.#blocked) this.#waiting.push(line);
    else this.#blocked = this.#sink?.write(line) === false;
  }
}

function droppedRecord(count: number): LogRecord {
  const message = `${count} records were left out, since they were not read in time`;
  return { time: new Date(), level: "warn", source: "main", message, fields: undefined };
}
