const ENTRIES = 512;
/** Characters. Longer heads are seldom repeated. */
const LARGEST = 2048;

/** Heads of answers that were parsed before: upstreams repeat theirs, but for a date or a cookie. Equal text gives the same head again. */
export class KnownHeads<Head extends object> {
  readonly #parse: (text: string) => Head | string;
  readonly #known = new Map<string, Head>();

  /** `parse` returns what is wrong as text; that is not kept. */
  constructor(parse: (text: string) => Head | string) {
    this.#parse = parse;
  }

  read(text: string): Head | string {
    const before = this.#known.get(text);
    if (before !== undefined) return before;
    // A slice would keep the whole read it was cut from alive.
    const own = text.length <= LARGEST ? Buffer.from(text, "latin1").latin1Slice() : text;
    const head = this.#parse(own);
    if (typeof head !== "string" && own.length <= LARGEST) {
      if (this.#known.size >= ENTRIES) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(own, head);
    }
    return head;
  }
}
