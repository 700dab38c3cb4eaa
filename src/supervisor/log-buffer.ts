import type { Log, LogLevel, LogRecord } from "../base/log.ts";

interface Follower {
  readonly name: string | null;
  readonly listener: (record: LogRecord) => void;
  readonly ended: () => void;
}

/** The last log records, in memory, and whoever follows them: for the `logs` operation. */
export class LogBuffer {
  readonly #count: number;
  readonly #bytes: number;
  readonly #followers = new Set<Follower>();
  #records: LogRecord[] = [];
  #size = 0;

  /** @param count most records kept; @param bytes most bytes of messages kept */
  constructor(count = 5000, bytes: number = 4 * 1024 * 1024) {
    this.#count = count;
    this.#bytes = bytes;
  }

  add(record: LogRecord): void {
    this.#records.push(record);
    this.#size += weight(record);
    if (this.#records.length > this.#count || this.#size > this.#bytes) this.#drop();
    for (const { name, listener } of this.#followers) if (isOf(record, name)) listener(record);
  }

  /** The last `count` records of this source (`person`: its workers too, `vapor`: all instances), oldest first; of all when `name` is null. */
  tail(name: string | null, count: number): readonly LogRecord[] {
    if (count <= 0) return [];
    return this.#records.filter((record) => isOf(record, name)).slice(-count);
  }

  /** Calls `listener` for each new record until the returned function is called. */
  follow(name: string | null, listener: (record: LogRecord) => void, ended: () => void): () => void {
    const follower: Follower = { name, listener, ended };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Nothing more will be said: followers are let go. */
  end(): void {
    for (const { ended } of [...this.#followers]) ended();
    this.#followers.clear();
  }

  // A tenth at a time, so that adding costs little on average.
  #drop(): void {
    const least = Math.ceil(this.#count / 10);
    let dropped = 0;
    while (
      dropped < this.#records.length &&
      (dropped < least || this.#records.length - dropped > this.#count || this.#size > this.#bytes)
    ) {
      this.#size -= weight(this.#records[dropped++]!);
    }
    this.#records = this.#records.slice(dropped);
  }
}

/** Speaks to `log` and remembers what it says in `buffer`; debug only when `debug` is set. */
export function rememberingLog(log: Log, buffer: LogBuffer, source: string, debug: boolean): Log {
  const say = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) => {
    if (level !== "debug" || debug) buffer.add({ time: new Date(), level, source, message, fields });
    log[level](message, fields);
  };
  return {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: (other) => rememberingLog(log.child(other), buffer, other, debug),
  };
}

function isOf({ source }: LogRecord, name: string | null): boolean {
  if (name === null || source === name || source.startsWith(`${name}/`) || source === `app ${name}`) return true;
  return source === `program ${name}` || source.startsWith(`program ${name}:`);
}

function weight(record: LogRecord): number {
  return record.message.length + record.source.length + 100;
}
