import type { Log } from "../base/log.ts";
import type { OutputConfig } from "../config/program-model.ts";
import type { OutputSource } from "../control/operations.ts";
import type { ByteSink } from "../process/launched.ts";
import { LineSplitter } from "../process/lines.ts";
import { RotatingFile } from "../process/rotating-file.ts";

/** Bytes of output that goes to our log kept for `output`. */
const KEPT = 16 * 1024;

export interface ProgramOutputSpec {
  /** With the instance's number in its path. */
  readonly config: OutputConfig;
  readonly stream: "stdout" | "stderr";
  /** Of this instance. */
  readonly log: Log;
}

interface Follower {
  readonly listener: (chunk: Buffer) => void;
  readonly ended: () => void;
}

/** One stream of one instance of a program: to a file or to our log, over all of its runs. */
export class ProgramOutput implements ByteSink, OutputSource {
  readonly #log: Log;
  readonly #file: RotatingFile | null;
  readonly #lines: LineSplitter | null;
  readonly #followers = new Set<Follower>();
  #kept: Buffer = Buffer.alloc(0);

  constructor({ config, stream, log }: ProgramOutputSpec) {
    this.#log = log;
    this.#lines =
      config.kind === "log" ? new LineSplitter((line) => log[stream === "stderr" ? "warn" : "info"](line)) : null;
    this.#file =
      config.kind === "file" ? new RotatingFile({ ...config, trouble: (told) => this.#tell(config.path, told) }) : null;
  }

  /** Absolute path of its file, or null. */
  get path(): string | null {
    return this.#file?.path ?? null;
  }

  /** Lines that could not be written. */
  get lost(): number {
    return this.#file?.lost ?? 0;
  }

  /** Opens its file; throws a PropylonError when that can't be written. */
  open(): void {
    this.#file?.open();
  }

  write(chunk: Buffer): Promise<void> | null {
    for (const { listener } of this.#followers) listener(chunk);
    if (this.#file !== null) return this.#file.write(chunk);
    this.#kept = Buffer.concat([this.#kept, chunk]);
    if (this.#kept.length > KEPT) this.#kept = Buffer.from(this.#kept.subarray(-KEPT));
    this.#lines?.push(chunk);
    return null;
  }

  /** A run has ended: what it wrote last, without a newline, is a line. */
  runEnded(): void {
    this.#lines?.end();
  }

  async tail(bytes: number): Promise<Buffer> {
    if (bytes === 0) return Buffer.alloc(0);
    return this.#file === null ? Buffer.from(this.#kept.subarray(-bytes)) : this.#file.tail(bytes);
  }

  follow(listener: (chunk: Buffer) => void, ended: () => void): () => void {
    const follower = { listener, ended };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  async clear(): Promise<void> {
    this.#kept = Buffer.alloc(0);
    await this.#file?.clear();
  }

  async reopen(): Promise<void> {
    await this.#file?.reopen();
  }

  async close(): Promise<void> {
    for (const { ended } of [...this.#followers]) ended();
    this.#followers.clear();
    await this.#file?.close();
  }

  #tell(path: string, told: { readonly error: string } | { readonly lost: number }): void {
    if ("error" in told) this.#log.error(`cannot write ${path}: ${told.error}; up to 4 MB of output wait in memory`);
    else this.#log.warn(`${path} is written again; ${told.lost} lines were lost`);
  }
}
