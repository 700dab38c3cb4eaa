import type { PropylonError } from "../base/errors.ts";
import { formatDuration } from "../base/units.ts";
import type { HealthConfig, ProgramConfig } from "../config/program-model.ts";
import { describeExit } from "../process/child.ts";
import { type Health, HealthMonitor, type Probe } from "../process/health.ts";
import type { EndKind, Judgement, Run, RunEnd } from "../process/keeper.ts";
import { type ByteSink, Launched, type LaunchedExit } from "../process/launched.ts";
import { connectProbe, httpProbe } from "../process/probes.ts";
import type { StartGate } from "../process/start-gate.ts";
import { Stopper } from "../process/stop.ts";

/** What is left of a group when its leader ended by itself has this long before KILL, ms. */
const REST_GRACE = 1000;

export interface ProgramRunSpec {
  /** The program's, without the number. */
  readonly name: string;
  readonly instance: number;
  /** With the number put in for `{instance}`. */
  readonly config: ProgramConfig;
  /** Interpreter for the launcher. */
  readonly python: string;
  readonly profile: string;
  readonly gate: StartGate;
  /** Makes a path in the runtime directory that nothing has. */
  readonly freshPath: () => string;
  readonly stdout: ByteSink | null;
  readonly stderr: ByteSink | "stdout" | null;
  /** Why it can't be started at all, or null. */
  readonly problem: PropylonError | null;
  readonly healthChanged: () => void;
}

/** One process of a program, from its start to the end of all that it has started. */
export class ProgramRun implements Run {
  readonly ready: Promise<void>;
  readonly ended: Promise<RunEnd>;
  readonly started = new Date();
  readonly #spec: ProgramRunSpec;
  readonly #launched: Launched;
  readonly #stopper: Stopper;
  readonly #monitor: HealthMonitor | null;
  #exit: LaunchedExit | null = null;
  #unhealthy: string | null = null;
  #isReady = false;
  #timer: NodeJS.Timeout | null = null;
  #becomeReady!: () => void;

  constructor(spec: ProgramRunSpec) {
    this.#spec = spec;
    const { config } = spec;
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    this.#launched = this.#launch(config.command, spec.stdout, spec.stderr);
    this.#stopper = new Stopper(this.#launched, config.stopSignal);
    this.#monitor = config.health === null ? null : this.#makeMonitor(config.health);
    const { problem } = spec;
    const exit = problem === null ? this.#launched.ended : Promise.resolve(notStarted(problem));
    this.ended = exit.then((how) => this.#end(how));
  }

  get pid(): number | null {
    return this.#launched.pid;
  }

  get health(): Health | null {
    return this.#monitor?.health ?? null;
  }

  /** How it ended, once it has. */
  get exit(): LaunchedExit | null {
    return this.#exit;
  }

  start(): void {
    const { startTime, once } = this.#spec.config;
    if (this.#spec.problem !== null) return;
    this.#launched.start();
    void this.#launched.running.then(() => {
      if (this.#exit !== null) return;
      if (once || startTime === 0) this.#ready();
      else this.#timer = setTimeout(() => this.#ready(), startTime);
      this.#monitor?.start();
    });
  }

  drain(patience: number): void {
    this.stop(patience);
  }

  stop(grace: number): void {
    this.#stopper.request("asked", grace);
  }

  /** Signals its process alone; false when it has ended. */
  signal(name: NodeJS.Signals | number): boolean {
    return this.#launched.signalProcess(name);
  }

  #ready(): void {
    this.#isReady = true;
    this.#becomeReady();
  }

  #launch(command: readonly string[], stdout: ByteSink | null, stderr: ByteSink | "stdout" | null): Launched {
    const { config, name, instance, python, profile, freshPath, gate } = this.#spec;
    const profileVariable = profile === "" ? {} : { PROPYLON_PROFILE: profile };
    return new Launched({
      python,
      settings: {
        user: config.user,
        group: config.group,
        umask: config.umask,
        directory: config.directory,
        limits: config.limits,
        readable: [],
        keep: Object.keys(config.environment),
      },
      command,
      environment: {
        ...process.env,
        ...profileVariable,
        PROPYLON_PROGRAM: name,
        PROPYLON_INSTANCE: String(instance),
        ...config.environment,
      },
      stdout,
      stderr,
      pipes: freshPath(),
      gate,
      group: config.stopGroup,
      rest: { signal: config.stopSignal, grace: Math.min(config.stopTimeout, REST_GRACE) },
    });
  }

  #makeMonitor(config: HealthConfig): HealthMonitor {
    const { check } = config;
    return new HealthMonitor({
      config,
      probe:
        check.kind === "http"
          ? httpProbe(check.url)
          : check.kind === "command"
            ? this.#commandProbe(check.command)
            : connectProbe(check),
      changed: this.#spec.healthChanged,
      failed: (reason) => {
        this.#unhealthy = `failed its health check: ${reason}`;
        this.#stopper.request("unhealthy", this.#spec.config.stopTimeout);
      },
    });
  }

  #commandProbe(command: readonly string[]): Probe {
    return async (signal) => {
      const said: Buffer[] = [];
      const sink: ByteSink = {
        write: (chunk) => {
          if (said.length < 4) said.push(chunk);
          return null;
        },
      };
      const check = this.#launch(command, sink, "stdout");
      signal.addEventListener("abort", () => check.signal("SIGKILL"), { once: true });
      check.start();
      const exit = await check.ended;
      if (exit.failure !== null) return exit.failure.reason;
      if (exit.code === 0) return null;
      const text = Buffer.concat(said).toString("utf8").trim().slice(0, 200);
      return `${command[0]} ${describeExit(exit)}${text === "" ? "" : `: ${text}`}`;
    };
  }

  #end(exit: LaunchedExit): RunEnd {
    this.#exit = exit;
    this.#monitor?.stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    const remedy = exit.failure?.remedy ?? null;
    return { reason: this.#reason(exit), remedy, traceback: null, kind: this.#kind(exit), code: exit.code };
  }

  #reason(exit: LaunchedExit): string {
    if (exit.failure !== null) return exit.failure.reason;
    if (exit.code === null && exit.signal === null) return "it was stopped before it had started";
    if (this.#unhealthy !== null) return this.#unhealthy;
    const { startTime } = this.#spec.config;
    const tooEarly = this.#isReady || this.#stopper.cause !== null;
    return `${describeExit(exit)}${tooEarly ? "" : ` within its start_time of ${formatDuration(startTime)}`}`;
  }

  #kind(exit: LaunchedExit): EndKind {
    if (this.#unhealthy !== null) return "unhealthy";
    if (this.#stopper.cause !== null) return "asked";
    if (exit.failure !== null) return "failed-start";
    return exit.signal === null ? "exit" : "signal";
  }
}

function notStarted({ message, remedy }: PropylonError): LaunchedExit {
  return { code: null, signal: null, error: null, failure: { reason: message, remedy: remedy ?? null } };
}

/** What the end of a run that nobody asked for means, by the program's settings. */
export function judgeEnd(
  { once, restart, expectedCodes }: Pick<ProgramConfig, "once" | "restart" | "expectedCodes">,
  end: Pick<RunEnd, "kind" | "code">,
  ready: boolean,
): Judgement {
  const expected = end.kind === "exit" && expectedCodes.includes(end.code ?? -1);
  if (once) return ready && expected ? "finished" : "failed-start";
  if (end.kind === "unhealthy") return "ended";
  if (!ready) return "failed-start";
  return restart === "never" || (restart === "unexpected" && expected) ? "finished" : "ended";
}

/** The settings of one instance: its number in place of `{instance}`. */
export function instanceConfig(config: ProgramConfig, instance: number): ProgramConfig {
  const put = (text: string): string => text.replaceAll("{instance}", String(instance));
  const output = <T extends ProgramConfig["stderr"]>(written: T): T =>
    written.kind === "file" ? { ...written, path: put(written.path) } : written;
  return {
    ...config,
    command: config.command.map(put),
    directory: put(config.directory),
    environment: Object.fromEntries(Object.entries(config.environment).map(([name, value]) => [name, put(value)])),
    health: config.health === null ? null : { ...config.health, check: putInCheck(config.health.check, put) },
    stdout: output(config.stdout),
    stderr: output(config.stderr),
  };
}

function putInCheck(check: HealthConfig["check"], put: (text: string) => string): HealthConfig["check"] {
  switch (check.kind) {
    case "http":
      return { ...check, url: put(check.url) };
    case "unix":
      return { ...check, path: put(check.path) };
    case "command":
      return { ...check, command: check.command.map(put) };
    default:
      return { ...check, host: put(check.host) };
  }
}
