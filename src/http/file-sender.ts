import { read } from "node:fs";
import { giveBack, POOLED, takeBuffer } from "./buffer-pool.ts";
import type { FileBody } from "./exchange.ts";
import type { Output } from "./output.ts";
import type { Sender, SenderOwner } from "./sender.ts";

/** Sends a slice of a file through one pooled buffer: the next piece is read when the socket has taken the one before. */
export class FileSender implements Sender {
  readonly #file: FileBody;
  readonly #output: Output;
  readonly #owner: SenderOwner;
  /** The response's head, to leave in one write with the first piece. */
  #prefix: string;
  #position: number;
  #remaining: number;
  #buffer: Buffer | null = null;
  #cancelled = false;

  constructor(prefix: string, file: FileBody, output: Output, owner: SenderOwner) {
    this.#prefix = prefix;
    this.#file = file;
    this.#output = output;
    this.#owner = owner;
    this.#position = file.start;
    this.#remaining = file.length;
  }

  start(): void {
    this.#buffer = takeBuffer();
    this.#readNext();
  }

  /** Writing goes on by the callbacks of each piece. */
  resume(): void {}

  cancel(): void {
    // A read or write under way still uses the buffer and the descriptor; its callback lets go of both.
    this.#cancelled = true;
  }

  // --- internal ---

  readonly #readNext = (failed?: Error | null): void => {
    // The error of a write is the connection's end, which has its own way here: `cancel`.
    if (this.#cancelled || failed) {
      this.#letGo();
      return;
    }
    const wanted = Math.min(this.#remaining, POOLED);
    read(this.#file.fd, this.#buffer!, 0, wanted, this.#position, this.#send);
  };

  readonly #send = (error: Error | null, count: number): void => {
    if (this.#cancelled) {
      this.#letGo();
    } else if (error !== null || count === 0) {
      this.#letGo();
      this.#owner.bodyFailed(error === null ? "the file is shorter than announced" : error.message);
    } else {
      this.#position += count;
      this.#remaining -= count;
      const last = this.#remaining === 0;
      this.#output.lend(this.#prefix, this.#buffer!.subarray(0, count), last ? this.#letGo : this.#readNext);
      this.#prefix = "";
      this.#owner.bodySent(count);
      if (last) this.#owner.bodyEnded();
    }
  };

  readonly #letGo = (): void => {
    giveBack(this.#buffer!);
    this.#file.close();
  };
}
