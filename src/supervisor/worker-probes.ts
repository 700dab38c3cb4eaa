import type { ToEdge } from "../edge/messages.ts";

/** Longest wait for the edge to say what became of a probe, ms: then it is asked again. */
const PATIENCE = 30_000;

/** Asks single workers of an app, through the edge, what they answer. */
export class WorkerProbes {
  readonly #app: string;
  readonly #tell: (message: ToEdge) => void;
  readonly #waiting = new Map<number, (status: number | null) => void>();
  #next = 1;

  constructor(app: string, tell: (message: ToEdge) => void) {
    this.#app = app;
    this.#tell = tell;
  }

  /** The status with which this worker answers GET of `path`; null when it does not. */
  ask(worker: number, path: string, host: string): Promise<number | null> {
    const id = this.#next++;
    return new Promise((resolve) => {
      const settle = (status: number | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(status);
      };
      const timer = setTimeout(() => settle(null), PATIENCE);
      timer.unref();
      this.#waiting.set(id, settle);
      this.#tell({ type: "probe", app: this.#app, worker, id, path, host });
    });
  }

  answered(id: number, status: number | null): void {
    this.#waiting.get(id)?.(status);
  }

  /** The edge has died, and what it had asked with it. */
  allFailed(): void {
    for (const settle of [...this.#waiting.values()]) settle(null);
  }
}
