import type { ResponseSink, StreamBody } from "../http/exchange.ts";
import type { Producer } from "../spool/answer-body.ts";
import type { AppAnswer } from "./app-request.ts";

/** Bytes that wait for a client before its app is held back. */
const WAITING = 64 * 1024;

/**
 * An event loop's answer on its way to a client: each piece at once. Nothing is spooled, since an app that waits in its `await send()`
 * holds no lane: a client that does not read holds its app back.
 */
export class StreamedAnswer implements StreamBody, AppAnswer {
  readonly kind = "stream";
  readonly length: number;
  readonly #producer: Producer;
  #sink: ResponseSink | null = null;
  #waiting: Buffer[] = [];
  #size = 0;
  #blocked = true;
  #held = false;
  #end: (() => void) | null = null;
  #done = false;

  constructor(length: number, producer: Producer) {
    this.length = length;
    this.#producer = producer;
  }

  // --- the worker's side ---

  write(chunk: Buffer): void {
    if (this.#done || chunk.length === 0) return;
    if (!this.#blocked && this.#sink !== null) {
      if (this.#sink.write(chunk)) return;
      this.#blocked = true;
      this.#hold();
      return;
    }
    this.#waiting.push(chunk);
    this.#size += chunk.length;
    if (this.#sink !== null || this.#size > WAITING) this.#hold();
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    this.#finish(() => this.#sink!.end(trailers));
  }

  fail(reason: string): void {
    this.#finish(() => this.#sink!.fail(reason));
  }

  // --- the client's side ---

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    this.#blocked = false;
    while (!this.#blocked && this.#waiting.length > 0) {
      const chunk = this.#waiting.shift()!;
      this.#size -= chunk.length;
      this.#blocked = !this.#sink!.write(chunk);
    }
    if (this.#blocked || this.#done) return;
    this.#letGo();
    this.#pump();
  }

  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.#waiting = [];
    this.#letGo();
    this.#producer.abandon();
  }

  // --- internal ---

  #finish(end: () => void): void {
    if (this.#done || this.#end !== null) return;
    this.#end = end;
    this.#letGo();
    this.#pump();
  }

  #pump(): void {
    if (this.#end === null || this.#sink === null || this.#waiting.length > 0 || this.#done) return;
    this.#done = true;
    this.#end();
  }

  #hold(): void {
    if (this.#held || this.#end !== null) return;
    this.#held = true;
    this.#producer.pause();
  }

  #letGo(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#producer.resume();
  }
}
