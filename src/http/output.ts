import type { Socket } from "node:net";

/** Smaller pieces are copied into the text: measured, less CPU up to 4 KB, more from 8 KB, where they are written as they are. */
const COPIED = 4 * 1024;
/** Characters of text that are not kept back for the end of the turn. */
const TEXT_LIMIT = 64 * 1024;

/**
 * What goes out on one connection. Everything said within a turn of the event loop is joined and written at once: a
 * pipelined batch of answers, or the answers that one read from a worker brings, cost one system call a connection.
 */
export class Output {
  readonly #socket: Socket;
  /** latin-1, one character a byte. */
  #text = "";
  #scheduled = false;
  /** Within a turn that ends with `release`: nothing needs scheduling. */
  #held = false;
  /** The client does not read: wait for the socket's `drain`. */
  blocked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  text(latin1: string): void {
    this.#text += latin1;
    if (this.#text.length > TEXT_LIMIT) this.flush();
    else if (!this.#held) this.#schedule();
  }

  /** The buffer is kept by reference until it is written, unless it is small. */
  bytes(buffer: Buffer): void {
    if (buffer.length <= COPIED) {
      if (buffer.length > 0) this.text(buffer.latin1Slice(0, buffer.length));
    } else {
      this.#join(buffer, undefined);
    }
  }

  /** `prefix`, then `buffer` as it is; `written` is called once, when the memory is free again or the socket is gone. */
  lend(prefix: string, buffer: Buffer, written: (error?: Error | null) => void): void {
    this.#text += prefix;
    this.#join(buffer, written);
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.flush();
  }

  flush(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    if (this.#socket.writable && !this.#socket.write(text, "latin1")) this.blocked = true;
  }

  // --- internal ---

  #join(buffer: Buffer, written: ((error?: Error | null) => void) | undefined): void {
    const socket = this.#socket;
    if (!socket.writable) {
      if (written !== undefined) process.nextTick(written);
      return;
    }
    socket.cork();
    this.flush();
    if (!socket.write(buffer, written)) this.blocked = true;
    socket.uncork();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (waiting.length === 0) process.nextTick(flushWaiting);
    waiting.push(this);
  }

  static flushScheduled(output: Output): void {
    output.#scheduled = false;
    output.flush();
  }
}

// One tick for all connections that have something to say.
let waiting: Output[] = [];

function flushWaiting(): void {
  const outputs = waiting;
  waiting = [];
  for (const output of outputs) Output.flushScheduled(output);
}
