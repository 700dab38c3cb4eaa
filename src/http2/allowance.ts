/** What may be done at once, and a tenth of it again each second: a leaky bucket. */
export class Allowance {
  readonly #most: number;
  #left: number;
  #since = 0;

  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  /** Takes one; false: there is none left. `now`: ms. */
  spend(now: number): boolean {
    if (this.#since !== 0) this.add(((now - this.#since) * this.#most) / 10_000);
    this.#since = now;
    this.#left--;
    return this.#left >= 0;
  }

  /** What has earned some. */
  add(amount: number): void {
    this.#left = Math.min(this.#left + amount, this.#most);
  }
}
