import { type HeaderBlock, parseHeaderBlock } from "./header-block.ts";
import { Refusal } from "./refusal.ts";

const ENTRIES = 512;
/** Characters. Longer blocks are seldom sent by more than one connection, which remembers its own. */
const LARGEST = 4096;

/**
 * Header blocks by their bytes, for all connections of the process: new connections of the same browsers and probes don't
 * pay for parsing again, and handlers find the memo of `RequestHeaders` filled. The oldest goes first.
 */
export class HeaderMemo {
  readonly #blocks = new Map<string, HeaderBlock>();

  /** The parsed block, remembered or new. Refusals are not remembered. */
  parse(raw: string, fieldLimit: number): HeaderBlock | Refusal {
    const known = this.#blocks.get(raw);
    // Connections of listeners with other limits share this table.
    if (known !== undefined && known.headers.names.length <= fieldLimit) return known;
    // A slice would keep the whole read it was cut from alive.
    const own = raw.length <= LARGEST ? Buffer.from(raw, "latin1").latin1Slice() : raw;
    const block = parseHeaderBlock(own, fieldLimit);
    if (own.length <= LARGEST && !(block instanceof Refusal)) {
      if (this.#blocks.size >= ENTRIES) this.#blocks.delete(this.#blocks.keys().next().value!);
      this.#blocks.set(own, block);
    }
    return block;
  }
}
