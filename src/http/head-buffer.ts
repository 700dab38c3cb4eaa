import { bad, Refusal } from "./refusal.ts";
import { parseRequestLine } from "./request-line.ts";
import type { HttpLimits } from "./settings.ts";

const CR = 13;
const LF = 10;
const HTAB = 9;
const DEL = 127;

/**
 * Collects a request head that comes in several reads. Each byte is looked at once, so a client that sends single bytes costs
 * no more than its bytes; what can no longer become a valid head is refused at once instead of at the timeout.
 */
export class HeadBuffer {
  readonly #limits: HttpLimits;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #scanned = 0;
  /** Where the request line's CRLF begins, or -1. */
  #lineEnd = -1;
  /** The head's empty line has come. */
  #complete = false;
  /** An empty line before the request line was skipped; RFC 9112 §2.2 speaks of one. */
  skipped = false;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** Takes the next bytes, up to and perhaps beyond the head's end. */
  append(piece: Buffer): Refusal | null {
    this.#reserve(piece.length);
    piece.copy(this.#bytes, this.#length);
    this.#length += piece.length;
    return this.#scan();
  }

  /** Everything collected; the buffer is empty again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    this.#scanned = 0;
    this.#lineEnd = -1;
    this.#complete = false;
    return taken;
  }

  /** What has come of the request line, for the log. */
  line(): string {
    return this.#bytes.latin1Slice(0, this.#lineEnd < 0 ? this.#length : this.#lineEnd);
  }

  // --- internal ---

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(1024, 2 * (this.#length + more)));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  #scan(): Refusal | null {
    const bytes = this.#bytes;
    for (let at = this.#scanned; at < this.#length; at++) {
      const code = bytes[at]!;
      const afterCr = at > 0 && bytes[at - 1] === CR;
      if (afterCr !== (code === LF)) return bad("the head has a line end that is not CRLF");
      if (code === LF) {
        if (at === 1 && !this.skipped) {
          this.#skipLine();
          return this.#scan();
        }
        if (this.#lineEnd < 0) {
          const refusal = this.#endLine(at - 1);
          if (refusal !== null) return refusal;
        } else if (bytes[at - 2] === LF) {
          this.#complete = true;
          return null;
        }
      } else if ((code < 32 && code !== HTAB && code !== CR) || code === DEL) {
        return bad("the head has a control character");
      }
    }
    this.#scanned = this.#length;
    return this.#checkSize();
  }

  #skipLine(): void {
    this.#bytes.copyWithin(0, 2, this.#length);
    this.#length -= 2;
    this.#scanned = 0;
    this.skipped = true;
  }

  #endLine(at: number): Refusal | null {
    this.#lineEnd = at;
    if (at > this.#limits.requestLine) return this.#checkSize();
    const line = parseRequestLine(this.#bytes.latin1Slice(0, at));
    return line instanceof Refusal ? line : null;
  }

  #checkSize(): Refusal | null {
    const { requestLine, headerSize } = this.#limits;
    const lineLength = this.#lineEnd < 0 ? this.#length - 1 : this.#lineEnd;
    if (lineLength > requestLine) return new Refusal(414, `the request line is longer than ${requestLine} bytes`);
    if (this.#lineEnd >= 0 && this.#length - this.#lineEnd - 4 > headerSize) {
      return new Refusal(431, `the header section is larger than ${headerSize} bytes`);
    }
    return null;
  }
}
