import type { RequestHead } from "../http/request-head.ts";
import type { HttpLimits } from "../http/settings.ts";
import { ConnectionFault, ErrorCode } from "./error-code.ts";
import { HeaderDecoder } from "./header-decoder.ts";
import { type Malformed, type RefusedRequest, requestOf, trailersOf } from "./request-fields.ts";

/** The default size of HPACK's dynamic table, which we keep, bytes. */
const TABLE = 4096;
/** Frames of one block; a client fills them, so honest ones need few (CVE-2024-27316). */
const MOST_FRAMES = 16;

/** Collects header blocks of a connection and reads them. */
export class HeaderInput {
  readonly #limits: HttpLimits;
  readonly #decoder = new HeaderDecoder(TABLE);
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The last block that changed nothing in the table, and what it meant: clients repeat themselves. */
  #lastBlock = "";
  #lastVersion = -1;
  #lastEnded = false;
  #lastHead: RequestHead | null = null;
  /** The stream whose block is not complete, or 0. */
  stream = 0;
  /** It ends its stream. */
  ended = false;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** Bytes that a decoded list may have: what SETTINGS_MAX_HEADER_LIST_SIZE says. */
  get listLimit(): number {
    return this.#limits.headerSize + this.#limits.requestLine;
  }

  /** A block begins. */
  begin(stream: number, ended: boolean): void {
    this.stream = stream;
    this.ended = ended;
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** Takes the next part of the block. */
  append(piece: Buffer): ConnectionFault | null {
    this.#bytes += piece.length;
    if (this.#bytes > this.listLimit || this.#pieces.length >= MOST_FRAMES)
      return new ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "a header block is too large");
    this.#pieces.push(Buffer.from(piece));
    return null;
  }

  /** The collected block. */
  take(): Buffer {
    const block = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.stream = 0;
    return block;
  }

  /** Reads the block of a request. */
  request(block: Buffer, ended: boolean): RequestHead | RefusedRequest | Malformed | ConnectionFault {
    const text = block.latin1Slice();
    const decoder = this.#decoder;
    if (this.#lastVersion === decoder.version && this.#lastEnded === ended && this.#lastBlock === text)
      return this.#lastHead!;
    const before = decoder.version;
    const list = decoder.decode(block, this.listLimit);
    if (list === null) return COMPRESSION;
    const head = requestOf(list, ended, this.#limits);
    if (before === decoder.version && "method" in head) {
      this.#lastBlock = text;
      this.#lastVersion = before;
      this.#lastEnded = ended;
      this.#lastHead = head;
    }
    return head;
  }

  /** Reads the block of a trailer section. */
  trailers(block: Buffer): readonly (readonly [string, string])[] | Malformed | ConnectionFault {
    const list = this.#decoder.decode(block, this.listLimit);
    return list === null ? COMPRESSION : trailersOf(list, this.#limits);
  }

  /** Reads a block of nobody's, for the table's sake. */
  skip(block: Buffer): ConnectionFault | null {
    return this.#decoder.decode(block, 0) === null ? COMPRESSION : null;
  }
}

const COMPRESSION = new ConnectionFault(ErrorCode.COMPRESSION_ERROR, "a header block can't be decoded");
