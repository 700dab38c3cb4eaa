/** A command that is kept alive. In `command`, `environment`, paths and checks `{instance}` stands for the instance's number. */
export interface ProgramConfig {
  readonly name: string;
  /** At least one word; with `shell: true` it begins with `/bin/sh -c`. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly group: string | null;
  readonly umask: number | null;
  /** Bytes, and counts of open files and of the user's processes. */
  readonly limits: {
    readonly files: number | null;
    readonly memory: number | null;
    readonly core: number | null;
    readonly processes: number | null;
  };
  /** With more than one, each is called `NAME:0`, `NAME:1`, ... */
  readonly instances: number;
  readonly autostart: boolean;
  /** What happens when it ends by itself after its `startTime`; `unexpected`: with no code of `expectedCodes`, or by a signal. */
  readonly restart: "always" | "unexpected" | "never";
  readonly expectedCodes: readonly number[];
  /** ms that it has to stay up to count as running. */
  readonly startTime: number;
  /** Failed starts in a row that are tried again; one more, and its state is `failed`. */
  readonly startRetries: number;
  /** ms between tries once it has failed; null: only when asked. */
  readonly retryFailed: number | null;
  /** Pause before it is started again, which doubles from `first` to `longest`, ms. */
  readonly backoff: { readonly first: number; readonly longest: number };
  /** `SIGTERM`, ... */
  readonly stopSignal: NodeJS.Signals;
  /** ms between the stop signal and KILL. */
  readonly stopTimeout: number;
  /** Signals go to its whole process group, and what is left of that when it has ended is ended too. */
  readonly stopGroup: boolean;
  /** Lower ones start first and stop last. */
  readonly priority: number;
  /** A step that has to end with an expected code, once. */
  readonly once: boolean;
  readonly after: readonly AfterConfig[];
  readonly health: HealthConfig | null;
  readonly stdout: OutputConfig;
  /** `stdout`: where that goes. */
  readonly stderr: OutputConfig | { readonly kind: "stdout" };
}

/** What has to be true of a program: running, its health check passed, or (a `once` step) done. */
export interface AfterConfig {
  readonly program: string;
  readonly state: "running" | "healthy" | "done";
}

/** How a program is asked whether it is well. Times in ms. */
export interface HealthConfig {
  /** `http`: 2xx and 3xx are well; `tcp`: a connection; `command`: exit code 0, run as the program's user in its folder. */
  readonly check:
    | { readonly kind: "http"; readonly url: string }
    | { readonly kind: "tcp"; readonly host: string; readonly port: number }
    | { readonly kind: "unix"; readonly path: string }
    | { readonly kind: "command"; readonly command: readonly string[] };
  readonly interval: number;
  readonly timeout: number;
  /** So many failures in a row, and it is started anew. */
  readonly retries: number;
  /** Failures so long after its start don't count, unless it was healthy before. */
  readonly startPeriod: number;
}

export type OutputConfig =
  | { readonly kind: "log" }
  | { readonly kind: "discard" }
  /** `rotateSize`: bytes, 0: never; `rotateKeep`: how many older files are kept, as `PATH.1` (the youngest) and so on. */
  | { readonly kind: "file"; readonly path: string; readonly rotateSize: number; readonly rotateKeep: number };
