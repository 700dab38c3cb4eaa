import type { ResponseSink, StreamBody } from "../http/exchange.ts";
import { release } from "./fetch-exchange.ts";

type Trailers = readonly (readonly [string, string])[];

/** Who the content is collected for. */
export interface FillOwner {
  /** All of it has come: `content` is its own memory. */
  complete(content: Buffer): void;
  /** It is larger than what is kept: from now on it only passes through, as fast as its readers take it. */
  overflowed(): void;
  /** It was cut, or differs from its announced length. */
  cut(reason: string): void;
}

/**
 * Takes a streamed body in while clients already read it, each at its own pace. At most `limit` bytes are kept; what turns out to
 * be larger is passed on to those who read, and the slowest of them holds the producer back.
 */
export class Fill implements ResponseSink {
  readonly length: number;
  readonly #source: StreamBody;
  readonly #limit: number;
  readonly #owner: FillOwner;
  readonly #readers = new Set<FillReader>();
  /** `#first` is how many were dropped at the front. */
  #chunks: Buffer[] = [];
  #first = 0;
  #size = 0;
  #overflowed = false;
  #held = false;
  #trailers: Trailers | undefined;
  #state: "running" | "ended" | "failed" = "running";
  #failure = "";

  constructor(source: StreamBody, limit: number, owner: FillOwner) {
    this.#source = source;
    this.length = source.length;
    this.#limit = limit;
    this.#owner = owner;
  }

  start(): void {
    this.#source.start(this);
  }

  /** A body for one client, from the beginning; not to be asked for once it has overflowed. */
  reader(): StreamBody {
    const reader = new FillReader(this);
    this.#readers.add(reader);
    return reader;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Nobody wants it any more. */
  cancel(): void {
    if (this.#state !== "running") return;
    this.#state = "failed";
    this.#chunks = [];
    release(this.#source);
  }

  fail(reason: string): void {
    if (this.#state !== "running") return;
    this.#state = "failed";
    this.#failure = reason;
    const told = this.#overflowed;
    this.#wake();
    if (!told) this.#owner.cut(reason);
  }

  // --- the producer's side ---

  write(chunk: Buffer): boolean {
    if (this.#state !== "running") return false;
    this.#size += chunk.length;
    this.#chunks.push(chunk);
    if (this.length >= 0 && this.#size > this.length) {
      this.#source.cancel();
      this.fail("the body is longer than announced");
      return false;
    }
    if (!this.#overflowed && this.#size > this.#limit) this.#overflow();
    if (this.#state !== "running") return false;
    this.#wake();
    if (!this.#overflowed) return true;
    this.#held = this.#chunks.length > 0;
    return !this.#held;
  }

  end(trailers?: Trailers): void {
    if (this.#state !== "running") return;
    if (this.length >= 0 && this.#size < this.length) {
      this.fail(`the body is ${this.length - this.#size} bytes shorter than announced`);
      return;
    }
    this.#state = "ended";
    this.#trailers = trailers;
    // In memory of its own: pieces are parts of larger reads, which they would keep alive.
    const content = this.#overflowed ? null : joined(this.#chunks, this.#size);
    this.#wake();
    if (content !== null) this.#owner.complete(content);
  }

  // --- the readers' side ---

  /** The piece of this number, null where there is none yet. */
  chunk(index: number): Buffer | null {
    return this.#chunks[index - this.#first] ?? null;
  }

  /** How it ended, once a reader has come to the end of what there is; false: it goes on. */
  ending(sink: ResponseSink): boolean {
    if (this.#state === "running") return false;
    if (this.#state === "ended") sink.end(this.#trailers);
    else sink.fail(this.#failure);
    return true;
  }

  /** A reader has taken some. */
  moved(): void {
    if (!this.#overflowed) return;
    let least = Number.POSITIVE_INFINITY;
    for (const reader of this.#readers) least = Math.min(least, reader.next);
    const gone = Math.min(least - this.#first, this.#chunks.length);
    if (gone > 0) {
      this.#chunks.splice(0, gone);
      this.#first += gone;
    }
    if (this.#held && this.#chunks.length === 0 && this.#state === "running") {
      this.#held = false;
      this.#source.resume();
    }
  }

  /** A reader is done, or gone. */
  left(reader: FillReader): void {
    this.#readers.delete(reader);
    if (!this.#overflowed) return;
    if (this.#readers.size === 0) this.cancel();
    else this.moved();
  }

  // --- internal ---

  #overflow(): void {
    this.#overflowed = true;
    this.#owner.overflowed();
    if (this.#readers.size === 0) this.cancel();
  }

  #wake(): void {
    for (const reader of [...this.#readers]) reader.pump();
  }
}

/** One client's view of a body that is still coming in. */
class FillReader implements StreamBody {
  readonly kind = "stream";
  readonly length: number;
  readonly #fill: Fill;
  /** Number of the piece that is to be sent next. */
  next = 0;
  #sink: ResponseSink | null = null;
  #blocked = false;
  #done = false;
  #pumping = false;

  constructor(fill: Fill) {
    this.#fill = fill;
    this.length = fill.length;
  }

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.pump();
  }

  resume(): void {
    this.#blocked = false;
    this.pump();
  }

  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    this.#fill.left(this);
  }

  pump(): void {
    const sink = this.#sink;
    if (sink === null || this.#done || this.#blocked || this.#pumping) return;
    this.#pumping = true;
    let chunk = this.#fill.chunk(this.next);
    while (chunk !== null && !this.#done) {
      this.next++;
      this.#blocked = !sink.write(chunk);
      if (this.#blocked) break;
      chunk = this.#fill.chunk(this.next);
    }
    this.#pumping = false;
    this.#fill.moved();
    if (this.#done || this.#fill.chunk(this.next) !== null || this.#blocked) return;
    if (this.#fill.ending(sink)) {
      this.#done = true;
      this.#fill.left(this);
    }
  }
}

// --- internal ---

function joined(chunks: readonly Buffer[], size: number): Buffer {
  const content = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(content, at);
  return content;
}
