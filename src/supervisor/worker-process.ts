import type { Exit } from "../process/child.ts";

/** The process of a worker, in a session of its own: a child of main's, or forked by a forerunner. */
export interface WorkerProcess {
  readonly pid: number | null;
  readonly ended: Promise<Exit>;
  start(): void;
  /** Writes a message to its control channel; nothing when it has ended. */
  send(message: Readonly<Record<string, unknown>>): void;
  /** Sends a signal to it and what it has started (its group). */
  signal(name: NodeJS.Signals): void;
  /** What it leaves behind in its group is not ended with it. */
  leaveGroup(): void;
}
