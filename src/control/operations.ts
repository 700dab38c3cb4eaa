import type { Config } from "../config/model.ts";

/**
 * Every verb of the control API, typed: the supervisor implements this, the HTTP API serves it (`api.ts`), the command line
 * calls it (`client.ts`). Over HTTP: `GET /status`, `GET /metrics`, `GET /livez`, `GET /readyz`, `GET /config`,
 * `POST /reload`, `/restart`, `/stop`, `/start`, `/stacks` with a JSON object of the arguments, `GET /logs?name=&lines=&follow=`
 * (one JSON log record a line). Errors: `{"error": {"message", "remedy"}}` with 400 (your input) or 500.
 */
export interface Operations {
  status(): Promise<StatusReport>;
  /** Reads the configuration again and swaps it in, workers replaced when new ones are ready; the old ones stay on failure. */
  reload(options: { readonly app?: string }): Promise<ReloadReport>;
  /** Replaces the workers of this app (of all: `all`), new ones ready first; an app that was stopped starts. */
  restart(options: { readonly name: string }): Promise<ReloadReport>;
  start(options: { readonly name: string }): Promise<void>;
  /** Stops this app's workers, or everything when no name is given (answers before it goes). `now`: without draining. */
  stop(options: { readonly name?: string; readonly now?: boolean }): Promise<void>;
  /** Python stacks of all lanes of this app's workers. */
  stacks(options: {
    readonly app: string;
  }): Promise<readonly { readonly worker: number; readonly pid: number; readonly text: string }[]>;
  /** Prometheus text exposition of everything. */
  metrics(): Promise<string>;
  /** Why it is not ready to serve, one phrase each; empty when it is. */
  notReady(): readonly string[];
  /** The configuration in effect. */
  config(): Config;
}

export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly directory: string;
  readonly profile: string;
  /** ISO 8601. */
  readonly since: string;
  readonly ready: boolean;
  readonly listeners: readonly { readonly address: string; readonly url: string }[];
  readonly processes: readonly ProcessStatus[];
  readonly apps: readonly AppStatus[];
}

export interface ProcessStatus {
  /** `main`, `edge 0`, `person/3`. */
  readonly name: string;
  readonly pid: number;
  /** starting, running, draining, backoff, failed, stopped. */
  readonly state: string;
  readonly since: string;
  /** Resident set size in bytes, or null where it can't be read. */
  readonly memory: number | null;
  readonly requests: number | null;
  readonly restarts: number;
  /** Why it is in this state, when that is not plain. */
  readonly reason: string | null;
}

export interface AppStatus {
  readonly name: string;
  /** running, starting, degraded (some workers missing), failed (gave up), stopped. */
  readonly state: string;
  readonly reason: string | null;
  /** The traceback of the last failed start, if any. */
  readonly traceback: string | null;
  readonly workers: number;
  readonly lanes: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Interpreter in use and why it was chosen. */
  readonly python: string;
}

export interface ReloadReport {
  readonly apps: readonly {
    readonly name: string;
    readonly swapped: boolean;
    readonly reason: string | null;
    readonly traceback: string | null;
  }[];
  /** What the new configuration changed, one phrase each; empty when nothing did. */
  readonly changes: readonly string[];
}
