/** Who waits for a worker to have no exchange left at the edge. */
export class IdleWaits {
  readonly #waits = new Map<number, () => void>();

  /** Resolves when the edge has said so, when the edge is gone, or after `limit` ms. */
  wait(worker: number, limit: number): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waits.delete(worker);
        resolve();
      };
      const timer = setTimeout(settle, limit);
      this.#waits.set(worker, settle);
    });
  }

  /** The edge says that it has none, or the worker has ended. */
  idle(worker: number): void {
    this.#waits.get(worker)?.();
  }

  /** The edge has died, and its exchanges with it. */
  allIdle(): void {
    for (const settle of [...this.#waits.values()]) settle();
  }
}
