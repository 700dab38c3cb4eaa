import type { CacheOrder, CacheReport } from "../cache/orders.ts";
import type { Config } from "../config/model.ts";
import type { ExpositionFormat } from "../metrics/exposition-format.ts";
import type { WorkerReport } from "./report.ts";
import type { TargetChange, UpstreamReport } from "./upstreams.ts";

/**
 * Every verb of the control API, typed: the supervisor implements this, the HTTP API serves it (`api.ts`), the command line
 * calls it (`client.ts`). Over HTTP: `GET /status`, `GET /metrics`, `GET /livez`, `GET /readyz`, `GET /config`, `GET /changes`, `GET /upstreams`,
 * `POST /reload`, `/restart`, `/stop`, `/start`, `/signal`, `/clear`, `/stacks`, `/upstream`, `/cache/purge` with a JSON object of the arguments,
 * `GET /reports?app=`, `GET /cache?prefix=&limit=` (the stores of the HTTP cache, and with a limit what is in them),
 * `GET /logs?name=&lines=&follow=` (one JSON log record a line), `GET /output?name=&stream=&bytes=&follow=` (bytes as they were
 * written). Errors: `{"error": {"message", "remedy"}}` with 400 (your input) or 500.
 *
 * A `name` is an app, a program (all of its instances) or one instance of a program: `vapor:0`.
 */
export interface Operations {
  status(): Promise<StatusReport>;
  /**
   * Reads the configuration again and swaps it in, workers replaced when new ones are ready; the old ones stay on failure.
   * Programs that are new start, changed ones start anew, removed ones stop, all others keep running. `app`: this app alone.
   * `programs`: the programs alone.
   */
  reload(options: { readonly app?: string; readonly programs?: boolean }): Promise<ReloadReport>;
  /** What a reload would change; changes nothing. */
  changes(): Promise<ChangeReport>;
  /**
   * Replaces the workers of this app (of all apps: `all`), new ones ready first; an app that was stopped starts. A program is
   * stopped and started. Resolves when they are ready; rejects when a program does not start.
   */
  restart(options: { readonly name: string }): Promise<ReloadReport>;
  /**
   * Starts what is stopped, has exited or has failed. Resolves when it is ready: a program has stayed up for its `start_time`, a
   * `once` step has ended well. Rejects with the reason when its first try fails (further tries go on as configured), and when it
   * runs already.
   */
  start(options: { readonly name: string }): Promise<void>;
  /**
   * Stops this app's workers, or this program; resolves when they have ended. Everything when no name is given (answers before it
   * goes). `now`: without draining, or with KILL.
   */
  stop(options: { readonly name?: string; readonly now?: boolean }): Promise<void>;
  /** Sends a signal (`HUP`, `USR1`, a number) to a program's process, and to that alone; rejects when it does not run. */
  signal(options: { readonly name: string; readonly signal: string }): Promise<void>;
  /** Empties the output files of a program (the ones in use; backups stay), and what is kept of its output in memory. */
  clear(options: { readonly name: string }): Promise<void>;
  /** Python stacks of all lanes of this app's workers. */
  stacks(options: {
    readonly app: string;
  }): Promise<readonly { readonly worker: number; readonly pid: number; readonly text: string }[]>;
  /**
   * The upstreams and their targets; `name`: this one alone, after `change` where there is one. A change holds until the upstream's
   * section of the configuration changes. Rejects for an upstream, target or address that there is not.
   */
  upstreams(options: { readonly name?: string; readonly change?: TargetChange }): Promise<readonly UpstreamReport[]>;
  /** What is known of workers that were killed, crashed or timed out: the last ones of this app, or of all, oldest first. */
  reports(options: { readonly app?: string }): Promise<readonly WorkerReport[]>;
  /** Says how the stores of the HTTP cache are, what is in them, or removes some of it. */
  cache(order: CacheOrder): Promise<CacheReport>;
  /** The exposition of everything, in Prometheus text format unless said otherwise. Waits for nobody who is stuck. */
  metrics(options?: { readonly format?: ExpositionFormat }): Promise<string>;
  /** Why it is not ready to serve, one phrase each; empty when it is. */
  notReady(): readonly string[];
  /** The configuration in effect. */
  config(): Config;
  /** Where the output of one instance of a program can be read; throws when there is none. */
  output(options: { readonly name: string; readonly stream: "stdout" | "stderr" }): OutputSource;
}

/** One stream of a program's output, as it was written: its file, or what is kept in memory where it goes to the log. */
export interface OutputSource {
  /** The last `bytes` bytes, or fewer where there are no more. */
  tail(bytes: number): Promise<Buffer>;
  /** Calls `listener` with all that is written from now on until the returned function is called; `ended` when there will be no more. */
  follow(listener: (chunk: Buffer) => void, ended: () => void): () => void;
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
  /** One entry for each instance, in the order of the configuration. */
  readonly programs: readonly ProgramStatus[];
}

/** One instance of a program. */
export interface ProgramStatus {
  /** `vapor`; with several instances `vapor:0`, `vapor:1`, ... */
  readonly name: string;
  /** Its key in the configuration. */
  readonly program: string;
  /** From 0. */
  readonly instance: number;
  /**
   * waiting (for what it comes `after`), starting (up for less than its `start_time`), running, stopping, backoff (ended by
   * itself, starts again after a pause), failed (given up), exited (ended as it should, or is not to be restarted), stopped.
   */
  readonly state: string;
  /** Null while no process runs. */
  readonly pid: number | null;
  /** When it came into its state, ISO 8601. */
  readonly since: string;
  /** When its process, or the last one, was started, and when the last one ended; ISO 8601, null: never. */
  readonly started: string | null;
  readonly ended: string | null;
  /** Starts after the first that nobody asked for. */
  readonly restarts: number;
  /** Of the last process that ended: its exit code or the name of the signal. */
  readonly exitCode: number | null;
  readonly exitSignal: string | null;
  /** Why the last try to start it did not even come to a process of the command, or null. */
  readonly spawnError: string | null;
  /** Somebody asked for it to stop: it stays so across reloads. */
  readonly stoppedByUser: boolean;
  /** Why it is in this state, when that is not plain. */
  readonly reason: string | null;
  /** Null without a health check; unknown until the first answer. */
  readonly health: "unknown" | "healthy" | "unhealthy" | null;
  /** Resident set size of the process in bytes; null where it can't be read. */
  readonly memory: number | null;
  /** CPU seconds of the process and of those of its children that have ended. */
  readonly cpu: number | null;
  /** The files that its output goes to; null: our log, or nowhere. */
  readonly stdout: string | null;
  readonly stderr: string | null;
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
  /** Requests that one worker runs at the same time. */
  readonly lanes: number;
  /** How the app is called, why so, and the event loop that calls it (empty for WSGI); null until a worker has imported it. */
  readonly interface: { readonly kind: "wsgi" | "asgi"; readonly why: string; readonly loop: string } | null;
  readonly inFlight: number;
  readonly queued: number;
  /** Interpreter in use and why it was chosen. */
  readonly python: string;
  /** Workers that were killed, crashed or timed out lately, oldest first; `reports` has the whole. */
  readonly reports: readonly ReportStatus[];
}

/** One report in short. */
export interface ReportStatus {
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  /** `person/3` */
  readonly worker: string;
  readonly kind: string;
  readonly reason: string;
  /** Requests that were with it; null: not known. */
  readonly requests: number | null;
}

export interface ReloadReport {
  readonly apps: readonly {
    readonly name: string;
    readonly swapped: boolean;
    /** Why not; when it was swapped one by one, why a later worker did not come up: it is tried again, and old ones serve until then. */
    readonly reason: string | null;
    readonly traceback: string | null;
  }[];
  /** What the new configuration changed, one phrase each; empty when nothing did. */
  readonly changes: readonly string[];
  readonly programs: ProgramChanges;
}

/** Programs by name. */
export interface ProgramChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface ChangeReport {
  /** One phrase each, as in a {@link ReloadReport}. */
  readonly changes: readonly string[];
  readonly programs: ProgramChanges;
}
