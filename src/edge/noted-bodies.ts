import type { BodySink, Exchange, Handler, RequestBody } from "../http/exchange.ts";
import { setVariable } from "../template/request-state.ts";

/** Bytes of a body that a variable holds; a longer one leaves it empty. */
export const NOTED_BODY = 64 * 1024;

/** Keeps the bodies that handlers read for `{request_body}`, where a template names it. */
export function notedBodies(handler: Handler): Handler {
  return {
    handle(exchange: Exchange): void {
      const { length } = exchange.body;
      if (length !== 0 && length <= NOTED_BODY) exchange.body = new NotedBody(exchange);
      handler.handle(exchange);
    },
  };
}

// --- internal ---

class NotedBody implements RequestBody, BodySink {
  readonly #exchange: Exchange;
  readonly #source: RequestBody;
  #sink: BodySink | null = null;
  #size = 0;
  #pieces: string[] = [];

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#source = exchange.body;
  }

  get length(): number {
    return this.#source.length;
  }

  read(sink: BodySink): void {
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
    this.#size += chunk.length;
    if (this.#size <= NOTED_BODY) this.#pieces.push(chunk.latin1Slice());
    else this.#pieces = [];
    this.#sink!.data(chunk);
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    if (this.#pieces.length > 0) setVariable(this.#exchange, "request_body", this.#pieces.join(""));
    this.#pieces = [];
    this.#sink!.end(trailers);
  }

  fail(status: number, reason: string): void {
    this.#pieces = [];
    this.#sink!.fail(status, reason);
  }
}
