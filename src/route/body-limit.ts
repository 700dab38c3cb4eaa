import type { BodySink, RequestBody } from "../http/exchange.ts";

/**
 * A request body on its way through a route: counts what comes, and knows whether anybody asked for it, as a body can be
 * read once only.
 */
export class RoutedBody implements RequestBody, BodySink {
  readonly #source: RequestBody;
  #sink: BodySink | null = null;
  #left: number;
  #over = false;

  /** `limit`: bytes; 0: none. */
  constructor(source: RequestBody, limit: number) {
    this.#source = source;
    this.#left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  }

  get length(): number {
    return this.#source.length;
  }

  get asked(): boolean {
    return this.#sink !== null;
  }

  read(sink: BodySink): void {
    if (this.#sink !== null) return;
    this.#sink = sink;
    this.#source.read(this);
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  data(chunk: Buffer): void {
    if (this.#over) return;
    this.#left -= chunk.length;
    if (this.#left >= 0) {
      this.#sink!.data(chunk);
      return;
    }
    this.#over = true;
    this.#sink!.fail(413, "The body is larger than this path takes");
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    if (!this.#over) this.#sink!.end(trailers);
  }

  fail(status: number, reason: string): void {
    if (!this.#over) this.#sink!.fail(status, reason);
  }
}

/** The body of a request that has none (any more). */
export const NO_BODY: RequestBody = {
  length: 0,
  read: (sink) => sink.end(),
  pause: () => {},
  resume: () => {},
};
