import type { ResponseSink, StreamBody } from "../http/exchange.ts";
import type { Producer } from "../spool/answer-body.ts";

/** An answer that is passed on as it comes: a client that doesn't read holds the target back. */
export class PassingBody implements StreamBody {
  readonly kind = "stream";
  readonly length: number;
  readonly #producer: Producer;
  /** What came before the client's turn, or in the read in which it stopped reading. */
  #waiting: Buffer[] = [];
  #sink: ResponseSink | null = null;
  #blocked = true;
  #held = false;
  #end: (() => void) | null = null;
  #done = false;

  constructor(length: number, producer: Producer) {
    this.length = length;
    this.#producer = producer;
  }

  // --- the target's side ---

  write(chunk: Buffer): void {
    if (this.#done || chunk.length === 0) return;
    if (this.#blocked) {
      this.#waiting.push(chunk);
      this.#hold();
    } else {
      this.#blocked = !this.#sink!.write(chunk);
    }
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    this.#end = () => this.#sink!.end(trailers);
    this.#pump();
  }

  fail(reason: string): void {
    this.#end = () => this.#sink!.fail(reason);
    this.#pump();
  }

  // --- the client's side ---

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    this.#blocked = false;
    this.#pump();
  }

  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.#waiting = [];
    this.#producer.abandon();
  }

  // --- internal ---

  #pump(): void {
    const sink = this.#sink;
    if (sink === null || this.#done) return;
    while (!this.#blocked && this.#waiting.length > 0) this.#blocked = !sink.write(this.#waiting.shift()!);
    if (this.#blocked && this.#waiting.length > 0) return;
    if (this.#end !== null) {
      this.#done = true;
      this.#end();
    } else if (this.#held && !this.#blocked) {
      this.#held = false;
      this.#producer.resume();
    }
  }

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#producer.pause();
  }
}
