import { read } from "node:fs";
import type { FileBody, ResponseBody, ResponseSink, StreamBody } from "./exchange.ts";
import type { Pace } from "./pace.ts";

/** The same body at this pace; one that is over before the pace would matter is left as it is. */
export function paced(body: ResponseBody, pace: Pace): ResponseBody {
  if (body === null || body.length === 0 || pace.rate === 0) return body;
  if (body.length > 0 && body.length <= pace.after + pieceOf(pace)) return body;
  return new PacedBody(body.length, supplyOf(body, pace), pace);
}

// --- internal ---

/** Milliseconds between two looks at all bodies that wait for their pace: one timer for however many there are. */
const LOOK = 250;
/** What was not sent is sent later, but no more at once than this many ms of it: a body that pauses makes no burst of that. */
const MOST_SAVED = 1000;
const SMALLEST_READ = 4 * 1024;
const LARGEST_READ = 64 * 1024;

type Trailers = readonly (readonly [string, string])[] | undefined;

/** Where the bytes come from. */
interface Supply {
  /** Asks for the next piece, which comes by `supplied` at once or later. */
  next(taker: Taker): void;
  cancel(): void;
}

interface Taker {
  supplied(piece: Buffer): void;
  over(trailers: Trailers): void;
  broken(reason: string): void;
}

function pieceOf({ rate }: Pace): number {
  return Math.max(1, Math.floor((rate * LOOK) / 1000));
}

function supplyOf(body: Exclude<ResponseBody, null>, pace: Pace): Supply {
  if (Buffer.isBuffer(body)) return new MemorySupply(body);
  if (body.kind === "stream") return new StreamSupply(body);
  return new FileSupply(body, Math.max(pieceOf(pace), SMALLEST_READ));
}

class PacedBody implements StreamBody, Taker {
  readonly kind = "stream";
  readonly length: number;
  readonly #supply: Supply;
  readonly #pace: Pace;
  readonly #least: number;
  #sink: ResponseSink | null = null;
  /** What came and may not go yet. */
  #piece: Buffer | null = null;
  #credit = 0;
  #counted = 0;
  /** The client does not read: `resume` comes. */
  #blocked = false;
  #asking = false;
  /** Nothing comes after `#piece`, but for these. */
  #complete = false;
  #trailers: Trailers;
  #over = false;

  constructor(length: number, supply: Supply, pace: Pace) {
    this.length = length;
    this.#supply = supply;
    this.#pace = pace;
    this.#least = pieceOf(pace);
  }

  // --- the protocol's side ---

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.#credit = this.#pace.after + this.#least;
    this.#counted = performance.now();
    this.#ask();
  }

  resume(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#send(performance.now());
  }

  cancel(): void {
    if (this.#over) return;
    this.#end();
    this.#supply.cancel();
  }

  // --- the clock's side ---

  look(now: number): void {
    this.#send(now);
  }

  // --- the supply's side ---

  supplied(piece: Buffer): void {
    this.#asking = false;
    if (this.#over || piece.length === 0) return;
    this.#piece = this.#piece === null ? piece : Buffer.concat([this.#piece, piece]);
    if (!this.#blocked) this.#send(performance.now());
  }

  over(trailers: Trailers): void {
    if (this.#over) return;
    if (this.#piece !== null) {
      this.#trailers = trailers;
      this.#complete = true;
      return;
    }
    this.#end();
    this.#sink!.end(trailers);
  }

  broken(reason: string): void {
    if (this.#over) return;
    this.#end();
    this.#sink!.fail(reason);
  }

  // --- internal ---

  #send(now: number): void {
    const { rate } = this.#pace;
    const saved = this.#credit + ((now - this.#counted) * rate) / 1000;
    // What goes first is no saving.
    this.#credit = Math.max(this.#credit, Math.min(saved, Math.max(this.#least, (rate * MOST_SAVED) / 1000)));
    this.#counted = now;
    while (this.#piece !== null && !this.#over) {
      if (this.#credit < Math.min(this.#piece.length, this.#least)) return wait(this);
      const piece = this.#piece.subarray(0, Math.floor(this.#credit));
      this.#piece = piece.length === this.#piece.length ? null : this.#piece.subarray(piece.length);
      this.#credit -= piece.length;
      if (this.#sink!.write(piece)) continue;
      // Its time goes on: a client that is slower than the pace has not to wait for it as well.
      waiting.delete(this);
      if (!this.#over) this.#blocked = true;
      return;
    }
    waiting.delete(this);
    if (this.#over) return;
    if (!this.#complete) return this.#ask();
    this.#end();
    this.#sink!.end(this.#trailers);
  }

  #ask(): void {
    if (this.#asking || this.#over) return;
    this.#asking = true;
    this.#supply.next(this);
  }

  #end(): void {
    this.#over = true;
    this.#piece = null;
    waiting.delete(this);
  }
}

/** A body in memory, all of it at once. */
class MemorySupply implements Supply {
  readonly #body: Buffer;
  #given = false;

  constructor(body: Buffer) {
    this.#body = body;
  }

  next(taker: Taker): void {
    if (this.#given) return taker.over(undefined);
    this.#given = true;
    taker.supplied(this.#body);
  }

  cancel(): void {}
}

/** A slice of a file, read as it is needed. */
class FileSupply implements Supply {
  readonly #file: FileBody;
  readonly #most: number;
  #position: number;
  #remaining: number;
  #reading = false;
  #closed = false;

  constructor(file: FileBody, most: number) {
    this.#file = file;
    this.#most = Math.min(most, LARGEST_READ);
    this.#position = file.start;
    this.#remaining = file.length;
  }

  next(taker: Taker): void {
    if (this.#remaining === 0) {
      this.#close();
      return taker.over(undefined);
    }
    const buffer = Buffer.allocUnsafeSlow(Math.min(this.#most, this.#remaining));
    this.#reading = true;
    read(this.#file.fd, buffer, 0, buffer.length, this.#position, (error, count) => {
      this.#reading = false;
      if (this.#closed) return this.#file.close();
      if (error !== null || count === 0) {
        this.#close();
        return taker.broken(error === null ? "the file is shorter than announced" : error.message);
      }
      this.#position += count;
      this.#remaining -= count;
      taker.supplied(buffer.subarray(0, count));
    });
  }

  cancel(): void {
    this.#close();
  }

  /** A read under way still needs the descriptor, and closes it. */
  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#reading) this.#file.close();
  }
}

/** A body that is produced over time. */
class StreamSupply implements Supply, ResponseSink {
  readonly #body: StreamBody;
  #taker: Taker | null = null;
  /** A piece is asked for. */
  #wanted = false;
  /** `write` returned false. */
  #held = false;

  constructor(body: StreamBody) {
    this.#body = body;
  }

  next(taker: Taker): void {
    this.#wanted = true;
    if (this.#taker === null) {
      this.#taker = taker;
      this.#body.start(this);
    } else if (this.#held) {
      this.#held = false;
      this.#body.resume();
    }
  }

  cancel(): void {
    this.#body.cancel();
  }

  write(chunk: Buffer): boolean {
    if (chunk.length === 0) return !this.#held;
    this.#wanted = false;
    this.#taker!.supplied(chunk);
    // All of it went at once where the next is asked for already.
    this.#held = !this.#wanted;
    return this.#wanted;
  }

  end(trailers?: Trailers): void {
    this.#taker!.over(trailers);
  }

  fail(reason: string): void {
    this.#taker!.broken(reason);
  }
}

const waiting = new Set<PacedBody>();
let timer: NodeJS.Timeout | null = null;

function wait(body: PacedBody): void {
  waiting.add(body);
  timer ??= setInterval(look, LOOK);
}

function look(): void {
  const now = performance.now();
  // Those that come to wait meanwhile have been looked at.
  for (const body of [...waiting]) body.look(now);
  if (waiting.size > 0 || timer === null) return;
  clearInterval(timer);
  timer = null;
}
