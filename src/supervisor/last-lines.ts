/** Longest line kept, characters. */
const LONGEST = 1000;

/** The last lines that a process wrote. */
export class LastLines {
  readonly #count: number;
  readonly #lines: string[] = [];
  #next = 0;

  constructor(count: number) {
    this.#count = count;
  }

  add(line: string): void {
    this.#lines[this.#next] = line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
    this.#next = (this.#next + 1) % this.#count;
  }

  /** Oldest first. */
  list(): readonly string[] {
    return [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
  }
}
