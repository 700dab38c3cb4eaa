import { parseChunkLine } from "./chunk-line.ts";
import { bad, Refusal } from "./refusal.ts";
import type { HttpLimits } from "./settings.ts";
import { parseTrailers } from "./trailer.ts";

const CR = 13;
const LF = 10;
/** Bytes of one chunk line, and of all chunk extensions of a body: RFC 9112 §7.1.1 asks for a limit on the total. */
const LINE_LIMIT = 1024;
const EXTENSION_LIMIT = 16 * 1024;

type State = "size" | "data" | "data end" | "trailer" | "done";

/** Takes the chunked coding (RFC 9112 §7.1) off a request body, piece by piece, strictly. */
export class ChunkedDecoder {
  readonly #limits: HttpLimits;
  #state: State = "size";
  /** What has come of the current line (a size line, a trailer line, the end of a chunk's data), CR included. */
  #line = "";
  #remaining = 0;
  #total = 0;
  #extensions = 0;
  #trailers: string[] = [];
  #trailerSize = 0;
  /** Why the body can't be read; nothing more is decoded then. */
  refusal: Refusal | null = null;
  /** The trailer section, once `done`; null: it was empty. Names in lower case. */
  fields: readonly (readonly [string, string])[] | null = null;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /** The lines of the trailer section, judged once `done`. */
  get trailers(): readonly string[] {
    return this.#trailers;
  }

  /**
   * Decodes from `offset` until one piece of data was found, the end, a fault, or the end of `input`. Returns where it stopped;
   * `piece` holds the data found, or null.
   */
  decode(input: Buffer, offset: number): number {
    this.piece = null;
    let at = offset;
    while (at < input.length && this.refusal === null && this.#state !== "done") {
      if (this.#state === "data") {
        const end = Math.min(at + this.#remaining, input.length);
        this.#remaining -= end - at;
        this.piece = input.subarray(at, end);
        if (this.#remaining === 0) this.#state = "data end";
        return end;
      }
      at = this.#readLine(input, at);
    }
    return at;
  }

  piece: Buffer | null = null;

  // --- internal ---

  /** Reads up to the end of the line; a line that is complete is judged. */
  #readLine(input: Buffer, offset: number): number {
    const feed = input.indexOf(LF, offset);
    const end = feed < 0 ? input.length : feed + 1;
    const limit = this.#lineLimit();
    if (this.#line.length + (end - offset) > limit + 2) {
      this.#refuseLong();
      return end;
    }
    this.#line += input.latin1Slice(offset, end);
    if (feed >= 0) this.#judgeLine();
    else this.#judgeBeginning();
    return end;
  }

  #lineLimit(): number {
    if (this.#state === "trailer") return this.#limits.headerSize - this.#trailerSize;
    return this.#state === "data end" ? 0 : LINE_LIMIT;
  }

  #refuseLong(): void {
    if (this.#state === "trailer") {
      this.refusal = new Refusal(431, `the trailer section is larger than ${this.#limits.headerSize} bytes`);
    } else {
      this.refusal = bad(
        this.#state === "data end" ? "a chunk's data is longer than its size" : "a chunk's line is too long",
      );
    }
  }

  #judgeLine(): void {
    const length = this.#line.length;
    const line = this.#line.slice(0, -2);
    if (length < 2 || this.#line.charCodeAt(length - 2) !== CR || line.includes("\r")) {
      this.refusal = bad("a line of the chunked body does not end in CRLF");
      return;
    }
    this.#line = "";
    if (this.#state === "size") this.#beginChunk(line);
    else if (this.#state === "trailer") this.#takeTrailer(line);
    else if (line === "") this.#state = "size";
    else this.refusal = bad("a chunk's data is longer than its size");
  }

  /** Refuses at once what can't become a valid line, instead of waiting for a line end that may never come. */
  #judgeBeginning(): void {
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    if (line.includes("\r")) this.refusal = bad("a line of the chunked body has a bare CR");
    else if (this.#state === "data end" && line !== "") this.refusal = bad("a chunk's data is longer than its size");
    else if (this.#state === "size" && line !== "" && !/^[0-9A-Fa-f]{1,13}(?:;|$)/.test(line)) {
      this.refusal = bad("a chunk's size is malformed");
    }
  }

  #beginChunk(line: string): void {
    const size = parseChunkLine(line);
    const extension = line.indexOf(";");
    if (extension >= 0) this.#extensions += line.length - extension;
    this.#total += size;
    if (size < 0) this.refusal = bad("a chunk's size is malformed");
    else if (this.#extensions > EXTENSION_LIMIT) this.refusal = bad("the chunk extensions are too long");
    else if (this.#limits.body > 0 && this.#total > this.#limits.body) {
      this.refusal = new Refusal(413, `the body is larger than ${this.#limits.body} bytes`);
    }
    this.#remaining = size;
    this.#state = size === 0 ? "trailer" : "data";
  }

  #takeTrailer(line: string): void {
    if (line !== "") {
      this.#trailers.push(line);
      this.#trailerSize += line.length + 2;
      if (this.#trailers.length > this.#limits.headerCount) {
        this.refusal = new Refusal(431, `there are more than ${this.#limits.headerCount} trailer fields`);
      }
      return;
    }
    this.#state = "done";
    if (this.#trailers.length === 0) return;
    const fields = parseTrailers(this.#trailers.join("\r\n"), this.#limits.headerCount);
    if (fields instanceof Refusal) this.refusal = fields;
    else this.fields = fields;
  }
}
