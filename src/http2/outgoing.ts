import type { Output } from "../http/output.ts";

/**
 * Bytes that wait for the clients of all connections of the process. Above that, a connection which holds more than its share may keep no
 * more: what one may have would be gigabytes with many.
 */
const MOST_KEPT_BY_ALL = 128 * 1024 * 1024;
const SHARE = 128 * 1024;
let keptByAll = 0;

/** A stream, as the queue of what goes out sees it. */
export interface Sending {
  /** Sends one DATA frame if it may; returns whether it could send another one now. */
  sendFrame(): boolean;
}

/**
 * What the streams of a connection send: each that has something gets one frame in turn, while the client's window and the
 * socket take it. Counts what waits in memory.
 */
export class Outgoing {
  readonly output: Output;
  readonly #mostKept: number;
  /** Told when less memory is held again than may be. */
  readonly #roomMade: () => void;
  readonly #ready = new Set<Sending>();
  #kept = 0;
  #pumping = false;
  /** Bytes that the client takes on the connection as a whole. */
  window = 65_535;
  /** Bytes of DATA sent. */
  sent = 0;
  stopped = false;

  constructor(output: Output, mostKept: number, roomMade: () => void) {
    this.output = output;
    this.#mostKept = mostKept;
    this.#roomMade = roomMade;
  }

  /** It may have something to send: now, or when its turn comes. */
  add(stream: Sending): void {
    this.#ready.add(stream);
    this.pump();
  }

  delete(stream: Sending): void {
    this.#ready.delete(stream);
  }

  dataSent(bytes: number): void {
    this.window -= bytes;
    this.sent += bytes;
  }

  /** More (or, negative, fewer) bytes wait for the client. */
  keeps(bytes: number): void {
    const full = !this.mayBuffer;
    this.#kept += bytes;
    keptByAll += bytes;
    if (!full || !this.mayBuffer || this.stopped) return;
    this.#roomMade();
    this.pump();
  }

  /** Less memory is held than may be. */
  get mayBuffer(): boolean {
    return this.#kept < this.#mostKept && (keptByAll < MOST_KEPT_BY_ALL || this.#kept < SHARE);
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    // A set is gone through in the order of addition, what is added meanwhile included; the bound is for those that only wait for memory.
    let turns = TURNS;
    for (const stream of this.#ready) {
      if (this.output.blocked || this.window <= 0 || this.stopped || turns-- === 0) break;
      this.#ready.delete(stream);
      if (stream.sendFrame()) this.#ready.add(stream);
    }
    this.#pumping = false;
  }
}

/** Frames of one pump: 16 MB, far more than a socket takes at once. */
const TURNS = 1024;
