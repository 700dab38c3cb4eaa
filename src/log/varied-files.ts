import type { LogWriter } from "./log-writer.ts";

/** So many files are open at once; the one that was not written to for longest is closed. */
const MOST_OPEN = 64;
/** So many files one log may come to: clients choose most of the values, and could fill a disk with names. */
const MOST_FILES = 1000;

/** A log whose file depends on the request. */
export class VariedFiles implements LogWriter {
  readonly #open: (path: string) => LogWriter;
  readonly #warn: (message: string) => void;
  readonly #other: string;
  readonly #writers = new Map<string, LogWriter>();
  readonly #paths = new Set<string>();
  /** Paths that could not be opened when it was tried last, and when. */
  readonly #failed = new Map<string, number>();
  #droppedBefore = 0;
  #toldMany = false;

  /** `open` gives a writer that is not started; `other`: the path for lines beyond the most files. */
  constructor(open: (path: string) => LogWriter, other: string, warn: (message: string) => void) {
    this.#open = open;
    this.#other = other;
    this.#warn = warn;
  }

  get dropped(): number {
    let sum = this.#droppedBefore;
    for (const writer of this.#writers.values()) sum += writer.dropped;
    return sum;
  }

  start(): void {}

  /** Lines of requests that are not known. */
  write(line: string): void {
    this.writeTo(this.#other, line);
  }

  writeTo(path: string, line: string): void {
    const writer = this.#writerOf(this.#admitted(path));
    if (writer === null) this.#droppedBefore++;
    else writer.write(line);
  }

  reopen(): void {
    this.#failed.clear();
    for (const writer of this.#writers.values()) writer.reopen();
  }

  async stop(): Promise<void> {
    const writers = [...this.#writers.values()];
    this.#writers.clear();
    await Promise.all(writers.map((writer) => writer.stop()));
    for (const { dropped } of writers) this.#droppedBefore += dropped;
  }

  #admitted(path: string): string {
    if (this.#paths.has(path)) return path;
    if (this.#paths.size < MOST_FILES) {
      this.#paths.add(path);
      return path;
    }
    if (!this.#toldMany)
      this.#warn(`logs with variables in their path come to ${MOST_FILES} files; more lines go to ${this.#other}`);
    this.#toldMany = true;
    return this.#other;
  }

  #writerOf(path: string): LogWriter | null {
    const known = this.#writers.get(path);
    if (known !== undefined) {
      this.#writers.delete(path);
      this.#writers.set(path, known);
      return known;
    }
    const now = performance.now();
    if (now - (this.#failed.get(path) ?? Number.NEGATIVE_INFINITY) < RETRY) return null;
    const writer = this.#open(path);
    try {
      writer.start();
    } catch (error) {
      if (!this.#failed.has(path)) this.#warn(error instanceof Error ? error.message : String(error));
      this.#failed.set(path, now);
      return null;
    }
    this.#failed.delete(path);
    this.#writers.set(path, writer);
    this.#closeOldest();
    return writer;
  }

  #closeOldest(): void {
    if (this.#writers.size <= MOST_OPEN) return;
    const [path, writer] = this.#writers.entries().next().value!;
    this.#writers.delete(path);
    void writer.stop();
    this.#droppedBefore += writer.dropped;
  }
}

/** Between two attempts to open a file that could not be opened, ms. */
const RETRY = 1000;

/**
 * What a client sent, as a part of a file's name: letters, digits and a few signs; nothing that leads to another folder, and at most
 * 100 characters.
 */
export function fileNamePart(value: string): string {
  return value
    .slice(0, 100)
    .replace(/[^\w.:@+-]/g, "_")
    .replace(/^\.+/, (dots) => "_".repeat(dots.length));
}
