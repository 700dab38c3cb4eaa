import { HeadBuffer } from "./head-buffer.ts";
import { HeadReader } from "./head-reader.ts";
import type { Refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import type { HttpLimits } from "./settings.ts";

const CR = 13;

/** Finds the request heads in what comes on a connection: whole in one read as a rule, else collected. */
export class HeadInput {
  readonly #reader: HeadReader;
  readonly #partial: HeadBuffer;
  /** `#input` from `#from` on as text, made once for all heads in it. */
  #input: Buffer | null = null;
  #text = "";
  #from = 0;
  refusal: Refusal | null = null;
  /** The request line of what is refused, as far as it came. */
  refusedLine = "";
  /** All that was read since the beginning of what is refused; nothing when an empty line was skipped before it. */
  refusedInput: Buffer = Buffer.alloc(0);

  constructor(limits: HttpLimits) {
    this.#reader = new HeadReader(limits);
    this.#partial = new HeadBuffer(limits);
  }

  /** The last head that was found. */
  get head(): RequestHead {
    return this.#reader.head!;
  }

  /** A head has come in part. */
  get partial(): boolean {
    return !this.#partial.empty;
  }

  /** What has come of the request line of a partial head. */
  get partialLine(): string {
    return this.#partial.line();
  }

  /** Joins a read to what has come before; null when the head is still not complete, or is refused. */
  join(chunk: Buffer): Buffer | null {
    if (this.#partial.empty) return chunk;
    this.#keep(chunk);
    return this.#partial.complete ? this.#partial.take() : null;
  }

  /**
   * Finds the head in `input` at `offset`, and returns where it ends; or -1 when it is not complete (what came of it is kept) or
   * refused.
   */
  find(input: Buffer, offset: number): number {
    if (this.#input !== input) {
      this.#input = input;
      this.#from = offset;
      this.#text = input.latin1Slice(offset, input.length);
    }
    const at = this.#skipEmptyLine(offset - this.#from);
    const end = this.#reader.read(this.#text, at);
    if (end >= 0) {
      this.#partial.skipped = false;
      return this.#from + end;
    }
    this.refusal = this.#reader.refusal;
    this.refusedLine = this.#reader.refusedLine;
    if (this.refusal === null) this.#keep(input.subarray(this.#from + at));
    else if (!this.#partial.skipped) this.refusedInput = input.subarray(this.#from + at);
    return -1;
  }

  /** Lets go of the last input. */
  release(): void {
    this.#input = null;
    this.#text = "";
  }

  // --- internal ---

  /** RFC 9112 §2.2: an empty line before a request line is skipped; one. */
  #skipEmptyLine(at: number): number {
    if (this.#text.charCodeAt(at) !== CR || this.#partial.skipped || !this.#text.startsWith("\r\n", at)) return at;
    this.#partial.skipped = true;
    return at + 2;
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    this.refusal = this.#partial.append(rest);
    if (this.refusal === null) return;
    this.refusedLine = this.#partial.line();
    if (!this.#partial.skipped) this.refusedInput = this.#partial.take();
  }
}
