import type { ResponseSink, StreamBody } from "./exchange.ts";
import type { Output } from "./output.ts";
import type { Sender, SenderOwner } from "./sender.ts";
import { fieldLine } from "./serialise-head.ts";

/** How the end of a streamed body is told: by its length, by chunks (RFC 9112 §7.1), or by closing (HTTP/1.0). */
export type StreamFraming = "length" | "chunked" | "close";

/** Sends a body that a handler produces over time. */
export class StreamSender implements Sender, ResponseSink {
  readonly #body: StreamBody;
  readonly #framing: StreamFraming;
  readonly #output: Output;
  readonly #owner: SenderOwner;
  #remaining: number;
  #waiting = false;
  #done = false;

  constructor(body: StreamBody, framing: StreamFraming, output: Output, owner: SenderOwner) {
    this.#body = body;
    this.#framing = framing;
    this.#output = output;
    this.#owner = owner;
    this.#remaining = body.length;
  }

  // --- the connection's side ---

  start(): void {
    this.#body.start(this);
  }

  resume(): void {
    if (!this.#waiting || this.#done) return;
    this.#waiting = false;
    this.#body.resume();
  }

  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.#body.cancel();
  }

  // --- the handler's side ---

  write(chunk: Buffer): boolean {
    if (this.#done) return false;
    // An empty chunk would end a chunked body.
    if (chunk.length > 0) this.#frame(chunk);
    this.#waiting = this.#output.blocked;
    return !this.#waiting;
  }

  end(trailers?: readonly (readonly [string, string])[]): void {
    if (this.#done) return;
    if (this.#framing === "length" && this.#remaining > 0) {
      this.fail(`the body is ${this.#remaining} bytes shorter than announced`);
      return;
    }
    if (this.#framing === "chunked") {
      let fields = "";
      for (const [name, value] of trailers ?? []) {
        const line = fieldLine(name, value);
        if (line === null) {
          this.fail(`the trailer field ${name} is not valid`);
          return;
        }
        fields += line;
      }
      this.#output.text(`0\r\n${fields}\r\n`);
    }
    this.#done = true;
    this.#owner.bodyEnded();
  }

  fail(reason: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#owner.bodyFailed(reason);
  }

  // --- internal ---

  #frame(chunk: Buffer): void {
    if (this.#framing === "chunked") {
      this.#output.text(`${chunk.length.toString(16)}\r\n`);
      this.#output.bytes(chunk);
      this.#output.text("\r\n");
    } else if (this.#framing === "length" && chunk.length > this.#remaining) {
      // More than announced would be read as the next response.
      this.#done = true;
      this.#body.cancel();
      this.#owner.bodyFailed(`the body is ${chunk.length - this.#remaining} bytes longer than announced`);
      return;
    } else {
      this.#remaining -= chunk.length;
      this.#output.bytes(chunk);
    }
    this.#owner.bodySent(chunk.length);
  }
}
