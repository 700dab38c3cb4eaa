/** Numbers by key for a bounded number of keys; the one that was set longest ago goes first. */
export class RecentKeys {
  readonly #numbers = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  set(key: string, number: number): void {
    this.#numbers.delete(key);
    if (this.#numbers.size >= this.#limit) this.#numbers.delete(this.#numbers.keys().next().value!);
    this.#numbers.set(key, number);
  }

  delete(key: string): void {
    this.#numbers.delete(key);
  }
}
