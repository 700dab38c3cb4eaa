import type { ResponseSink, StreamBody } from "../http/exchange.ts";
import type { OutputSource } from "./operations.ts";

/** Bytes kept for a follower that does not read; then it is cut off, since bytes that are missing could not be told from others. */
const MOST_WAITING = 4 * 1024 * 1024;

/** The end of a program's output and, when `follow`, all that is written later. */
export class OutputStream implements StreamBody {
  readonly kind = "stream";
  readonly length = -1;
  readonly #source: OutputSource;
  readonly #bytes: number;
  readonly #follow: boolean;
  #sink: ResponseSink | null = null;
  #unfollow: (() => void) | null = null;
  #waiting: Buffer[] = [];
  #size = 0;
  #blocked = true;
  #over = false;

  constructor(source: OutputSource, options: { readonly bytes: number; readonly follow: boolean }) {
    this.#source = source;
    this.#bytes = options.bytes;
    this.#follow = options.follow;
  }

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.#source.tail(this.#bytes).then(
      (tail) => this.#begin(tail),
      (error: unknown) => this.#fail(String(error)),
    );
  }

  resume(): void {
    this.#blocked = false;
    if (this.#waiting.length === 0) return;
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#size = 0;
    this.#blocked = this.#sink?.write(all) === false;
  }

  cancel(): void {
    this.#over = true;
    this.#unfollow?.();
    this.#unfollow = null;
    this.#waiting = [];
  }

  #begin(tail: Buffer): void {
    if (this.#over) return;
    this.#blocked = tail.length > 0 && this.#sink?.write(tail) === false;
    if (!this.#follow) return this.#end();
    this.#unfollow = this.#source.follow(
      (chunk) => this.#give(chunk),
      () => this.#end(),
    );
  }

  #give(chunk: Buffer): void {
    if (!this.#blocked) {
      this.#blocked = this.#sink?.write(chunk) === false;
      return;
    }
    this.#waiting.push(chunk);
    this.#size += chunk.length;
    if (this.#size > MOST_WAITING) this.#fail("it is not read fast enough");
  }

  #end(): void {
    if (this.#over) return;
    this.cancel();
    this.#sink?.end();
  }

  #fail(reason: string): void {
    if (this.#over) return;
    this.cancel();
    this.#sink?.fail(reason);
  }
}
