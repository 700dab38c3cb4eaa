import type { Log } from "../base/log.ts";
import { type LostRequest, reportText, type WorkerReport } from "../control/report.ts";
import type { ReportStore } from "./report-store.ts";

/** Longest wait for what the edge knows of a worker's requests, ms: it hears of the end, and waits a moment for last answers. */
const EDGE_PATIENCE = 2000;

/** A report that still lacks the requests. `lanes`: what each thread ran, by the name that stacks give it. */
export type Draft = Omit<WorkerReport, "requests" | "stacks"> & {
  readonly stacks: string;
  readonly lanes: readonly { readonly lane: number; readonly thread: string; readonly stream: number }[];
};

export type ToldRequest = LostRequest & { readonly stream: number };

/** Puts together what main saw of a worker's end and what the edge knows of its requests; tells the log, and keeps it. */
export class FlightRecorder {
  readonly #store: ReportStore;
  readonly #log: Log;
  readonly #waiting = new Map<string, (requests: readonly ToldRequest[] | null) => void>();

  constructor(store: ReportStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Main has seen a worker's end that is worth a report. `known`: whether an edge is there that has had to do with it. */
  async ended(draft: Draft, known: boolean): Promise<void> {
    const told = known ? await this.#wait(draft.worker) : null;
    const { lanes, stacks, ...rest } = draft;
    const requests = told?.map(({ stream: _stream, ...request }) => request) ?? null;
    const report: WorkerReport = { ...rest, requests, stacks: namedStacks(stacks, lanes, told ?? []) };
    this.#log.error(`report ${report.id}: ${reportText(report)}`);
    try {
      this.#store.add(report);
    } catch (error) {
      this.#log.warn(`the report ${report.id} has no file: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Everything ends: what is still waited for is told without. */
  flush(): void {
    for (const settle of [...this.#waiting.values()]) settle(null);
  }

  /** The edge tells what was with a worker that has ended. */
  told(worker: string, requests: readonly ToldRequest[]): void {
    this.#waiting.get(worker)?.(requests);
  }

  #wait(worker: string): Promise<readonly ToldRequest[] | null> {
    return new Promise((resolve) => {
      const settle = (requests: readonly ToldRequest[] | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(worker);
        resolve(requests);
      };
      const timer = setTimeout(() => settle(null), EDGE_PATIENCE);
      this.#waiting.set(worker, settle);
    });
  }
}

/** `Thread 0x00007f12 (most recent call first):` with the lane, and what it ran. */
function namedStacks(stacks: string, lanes: Draft["lanes"], requests: readonly ToldRequest[]): string {
  return stacks.replace(/^((?:Current )?[Tt]hread (0x[0-9a-f]+))/gm, (whole: string, _said: string, thread: string) => {
    const lane = lanes.find((one) => BigInt(one.thread) === BigInt(thread));
    if (lane === undefined) return whole;
    const request = requests.find(({ stream }) => stream === lane.stream);
    const runs = request === undefined ? "" : `: ${request.method} ${request.target}`;
    return `${whole} [lane ${lane.lane}${runs}]`;
  });
}
