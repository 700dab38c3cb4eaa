/** Lets so many through at a time: launchers are started in turn, not two hundred Pythons at once. */
export class StartGate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Calls `enter` when there is a place, which is free again once `left` has come true. In the order of the calls. */
  pass(enter: () => { readonly left: Promise<unknown> }): void {
    this.#waiting.push(() => {
      this.#inside++;
      void enter().left.finally(() => {
        this.#inside--;
        this.#next();
      });
    });
    this.#next();
  }

  #next(): void {
    while (this.#inside < this.#most) {
      const enter = this.#waiting.shift();
      if (enter === undefined) return;
      enter();
    }
  }
}
