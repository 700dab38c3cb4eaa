import type { Socket } from "node:net";
import { Patience } from "./patience.ts";
import { Rate } from "./rate.ts";
import type { HttpTimeouts } from "./settings.ts";
import { bytesTaken } from "./write-progress.ts";

/** What a connection waits for from its client. `half-closed`: the answer to a client that may be gone. */
export type Awaited = "nothing" | "first request" | "request" | "head" | "body" | "half-closed" | "close";

/** Milliseconds that a client which has half-closed is waited for by a handler: it reads on or it is gone, nothing tells. */
const HALF_CLOSED = 1000;
/** A closing connection waits for the client to see the answer and close (RFC 9112 §9.6): so long without a byte, so long at most. */
const LINGER_SILENCE = 2000;
const LINGER = 30_000;

/** Knows whether a client is too slow. Asked at every sweep. */
export class Timekeeper {
  readonly #socket: Socket;
  readonly #timeouts: HttpTimeouts;
  readonly #reading = new Patience();
  readonly #writing = new Patience();
  readonly #closing = new Patience();
  #bodyRate: Rate | null = null;
  #writeRate: Rate | null = null;
  #last = 0;
  #elapsed = 0;

  constructor(socket: Socket, timeouts: HttpTimeouts) {
    this.#socket = socket;
    this.#timeouts = timeouts;
  }

  /** Begins a sweep at `now`; whether the client doesn't read what it is sent. */
  writeStalled(now: number): boolean {
    this.#elapsed = this.#last === 0 ? 0 : now - this.#last;
    this.#last = now;
    if (this.#socket.writableLength === 0) {
      this.#writeRate = null;
      this.#writing.waited("", 0, now);
      return false;
    }
    const taken = bytesTaken(this.#socket);
    if (this.#writing.waited("write", taken, now) > this.#timeouts.write) return true;
    this.#writeRate ??= new Rate(taken);
    return this.#tooSlow(this.#writeRate, taken);
  }

  /** Whether what is awaited is overdue. `progress` is a number that changes when some of it comes. */
  overdue(awaited: Awaited, progress: number, now: number): boolean {
    const waited = this.#reading.waited(awaited, progress, now);
    if (awaited !== "body") this.#bodyRate = null;
    const { head, body, idle } = this.#timeouts;
    switch (awaited) {
      case "nothing":
        return false;
      case "first request":
      case "head":
        return waited > head;
      case "request":
        return waited > idle;
      case "body":
        this.#bodyRate ??= new Rate(progress);
        return waited > body || this.#tooSlow(this.#bodyRate, progress);
      case "half-closed":
        return waited > HALF_CLOSED;
      case "close":
        return waited > LINGER_SILENCE || this.#closing.waited(awaited, 0, now) > LINGER;
    }
  }

  #tooSlow(rate: Rate, bytes: number): boolean {
    return rate.below(bytes, this.#elapsed, this.#timeouts.minimumRate, this.#timeouts.rateGrace);
  }
}
