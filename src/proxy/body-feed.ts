import type { RequestBody } from "../http/exchange.ts";
import type { SpooledBody } from "../spool/spooled-body.ts";

type Trailers = readonly (readonly [string, string])[];

/** Bytes of a spooled body given out at once. */
const PIECE = 64 * 1024;

/** Takes a request's body on its way to a target. */
export interface BodyTaker {
  /** The memory will not be reused. False: wait for `BodyFeed.resume`. */
  bodyPiece(piece: Buffer): boolean;
  bodyEnd(trailers?: Trailers): void;
  /** The client's body can't be completed. */
  bodyFailed(status: number, reason: string): void;
}

/** Where the body of a request comes from. */
export interface BodyFeed {
  /** Bytes, -1: unknown. */
  readonly length: number;
  /** Whether it can be given out from its beginning (again). */
  readonly replayable: boolean;
  /** The client owes the next piece. */
  readonly awaitsClient: boolean;
  start(taker: BodyTaker): void;
  resume(): void;
  /** The taker wants no more. */
  stop(): void;
  /** The exchange is over. */
  close(): void;
}

export const NO_FEED: BodyFeed = {
  length: 0,
  replayable: true,
  awaitsClient: false,
  start: (taker) => taker.bodyEnd(),
  resume: () => {},
  stop: () => {},
  close: () => {},
};

/** A body that is there. */
export function fixedFeed(body: Buffer): BodyFeed {
  return {
    ...NO_FEED,
    length: body.length,
    start: (taker) => {
      taker.bodyPiece(body);
      taker.bodyEnd();
    },
  };
}

/** A body that has been collected. */
export class SpooledFeed implements BodyFeed {
  readonly length: number;
  readonly replayable = true;
  readonly awaitsClient = false;
  readonly #body: SpooledBody;
  readonly #trailers: Trailers;
  #taker: BodyTaker | null = null;
  #reading = false;
  #blocked = false;

  /** `trailers`: those that go on; with them the body is sent as one of unknown length. */
  constructor(body: SpooledBody, trailers: Trailers) {
    this.#body = body;
    this.#trailers = trailers;
    this.length = trailers.length === 0 ? body.length : -1;
  }

  start(taker: BodyTaker): void {
    this.#body.rewind();
    this.#taker = taker;
    this.#blocked = false;
    this.#pump(taker);
  }

  resume(): void {
    if (!this.#blocked || this.#taker === null) return;
    this.#blocked = false;
    this.#pump(this.#taker);
  }

  stop(): void {
    this.#taker = null;
  }

  close(): void {
    this.#taker = null;
    this.#body.close();
  }

  #pump(taker: BodyTaker): void {
    if (this.#reading || this.#blocked || this.#taker !== taker) return;
    this.#reading = true;
    this.#body.next(PIECE, (piece) => {
      this.#reading = false;
      if (this.#taker === taker) this.#give(taker, piece);
      // Another try began while the file was read for the last one.
      else if (this.#taker !== null) this.#pump(this.#taker);
    });
  }

  #give(taker: BodyTaker, piece: Buffer): void {
    if (piece.length === 0) {
      this.#taker = null;
      taker.bodyEnd(this.#trailers);
      return;
    }
    this.#blocked = !taker.bodyPiece(piece);
    this.#pump(taker);
  }
}

/** A body that goes on while the client still sends it. */
export class StreamedFeed implements BodyFeed {
  readonly length: number;
  readonly #body: RequestBody;
  readonly #pass: (trailers: Trailers) => Trailers;
  #started = false;
  #paused = false;
  #ended = false;
  #taker: BodyTaker | null = null;

  /** `pass`: which trailers go on. */
  constructor(body: RequestBody, pass: (trailers: Trailers) => Trailers) {
    this.#body = body;
    this.#pass = pass;
    this.length = body.length;
  }

  get replayable(): boolean {
    return !this.#started;
  }

  get awaitsClient(): boolean {
    return this.#started && !this.#ended && !this.#paused;
  }

  start(taker: BodyTaker): void {
    this.#started = true;
    this.#taker = taker;
    this.#body.read({
      data: (chunk) => {
        if (this.#taker === null || this.#taker.bodyPiece(Buffer.from(chunk))) return;
        this.#paused = true;
        this.#body.pause();
      },
      end: (trailers) => {
        this.#ended = true;
        this.#taker?.bodyEnd(trailers === undefined ? undefined : this.#pass(trailers));
      },
      fail: (status, reason) => {
        this.#ended = true;
        this.#taker?.bodyFailed(status, reason);
      },
    });
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#body.resume();
  }

  // The rest is for nobody; the protocol reads a little of it or closes.
  stop(): void {
    this.#taker = null;
    this.resume();
  }

  close(): void {
    this.stop();
  }
}
