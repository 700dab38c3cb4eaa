import type { UpstreamConfig } from "../config/proxy-model.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { type ConnectionUser, UpstreamConnection } from "./connection.ts";
import { addressText, type Destination } from "./destination.ts";
import { HttpAnswer } from "./http-answer.ts";
import { httpProtocol } from "./http-protocol.ts";
import type { AnswerSink, UpstreamRequest } from "./protocol.ts";
import type { Target } from "./target.ts";

export type HealthConfig = NonNullable<UpstreamConfig["health"]>;

/** What the checks of an upstream need of it. */
export interface HealthOwner {
  /** How the target is spoken to. */
  destination(target: Target): Destination;
  /** A target was found ill, or well again. */
  changed(target: Target, healthy: boolean, reason: string): void;
}

/** Asks each target of an upstream now and then, whether requests go to it or not. */
export class HealthChecks {
  readonly #config: HealthConfig;
  readonly #owner: HealthOwner;
  #targets: readonly Target[] = [];
  /** Results in a row: above 0 passes, below fails. */
  readonly #rows = new Map<Target, number>();
  readonly #running = new Map<Target, HealthCheck>();
  #timer: NodeJS.Timeout | null = null;

  constructor(config: HealthConfig, owner: HealthOwner) {
    this.#config = config;
    this.#owner = owner;
  }

  /** Begins with a round at once. */
  start(targets: readonly Target[]): void {
    this.watch(targets);
    this.#timer = setInterval(() => this.#round(this.#targets), this.#config.interval);
    this.#timer.unref();
  }

  /** The upstream's targets are these now; new ones are asked at once. */
  watch(targets: readonly Target[]): void {
    this.#targets = targets;
    for (const target of [...this.#rows.keys()]) if (!targets.includes(target)) this.#forget(target);
    this.#round(targets.filter((target) => !this.#rows.has(target)));
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const target of [...this.#rows.keys()]) this.#forget(target);
  }

  // --- internal ---

  #round(targets: readonly Target[]): void {
    for (const target of targets) {
      if (!this.#rows.has(target)) this.#rows.set(target, 0);
      if (this.#running.has(target)) continue;
      const check = new HealthCheck(this.#config, target, (failure) => this.#done(target, failure));
      this.#running.set(target, check);
      check.start(this.#owner.destination(target));
    }
  }

  #done(target: Target, failure: string | null): void {
    this.#running.delete(target);
    const before = this.#rows.get(target) ?? 0;
    const row = failure === null ? Math.max(before, 0) + 1 : Math.min(before, 0) - 1;
    this.#rows.set(target, row);
    if (failure !== null) target.metrics.failed("health");
    if (target.healthy && -row >= this.#config.fails) this.#owner.changed(target, false, failure!);
    else if (!target.healthy && row >= this.#config.passes) this.#owner.changed(target, true, "");
  }

  #forget(target: Target): void {
    this.#running.get(target)?.stop();
    this.#running.delete(target);
    this.#rows.delete(target);
  }
}

/** One question to one target, on a connection of its own. */
class HealthCheck implements ConnectionUser, AnswerSink {
  readonly #config: HealthConfig;
  readonly #target: Target;
  readonly #done: (failure: string | null) => void;
  #connection: UpstreamConnection | null = null;
  #answer: HttpAnswer | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(config: HealthConfig, target: Target, done: (failure: string | null) => void) {
    this.#config = config;
    this.#target = target;
    this.#done = done;
  }

  start(destination: Destination): void {
    const { timeout } = this.#config;
    // For the whole of it, unlike the timeouts of requests.
    this.#timer = setTimeout(() => this.#end(`no answer after ${timeout} ms`), timeout);
    this.#timer.unref();
    this.#connection = new UpstreamConnection(destination, this.#target.sessions);
    this.#connection.user = this;
    this.#connection.start();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#connection?.close();
    this.#connection = null;
  }

  connected(): void {
    const { path } = this.#config;
    if (path === null) return this.#end(null);
    const { host, port } = this.#target.config;
    const request: UpstreamRequest = {
      method: "GET",
      target: path,
      headers: [
        ["Host", host === "" ? "localhost" : addressText(host, port, null)],
        ["User-Agent", "propylon-health"],
      ],
      parameters: [],
      bodyLength: 0,
      keepAlive: false,
    };
    this.#answer = new HttpAnswer(request, this);
    this.#connection!.write(httpProtocol.begin(request));
  }

  received(chunk: Buffer): void {
    this.#answer?.push(chunk);
  }

  drained(): void {}

  ended(): void {
    if (this.#answer === null) this.#end("closed the connection");
    else this.#answer.closed();
  }

  lost(error: Error | null): void {
    this.#end(error === null ? "closed the connection" : error.message);
  }

  patience(): number {
    return 0;
  }

  overdue(): void {}

  inform(): void {}

  head(head: ResponseHead): void {
    this.#end(head.status < 400 ? null : `answered ${head.status}`);
  }

  data(): void {}
  end(): void {}
  said(): void {}

  bad(reason: string): void {
    this.#end(reason);
  }

  #end(failure: string | null): void {
    if (this.#connection === null) return;
    this.stop();
    this.#done(failure);
  }
}
