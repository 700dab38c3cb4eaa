import { createHash } from "node:crypto";
import type { TargetConfig } from "../config/proxy-model.ts";
import type { TargetMetrics, UpstreamFailure } from "../metrics/upstream-metrics.ts";
import type { UpstreamConnection } from "./connection.ts";
import { type Address, addressText, type Destination } from "./destination.ts";

/** One server of an upstream: an address that connections go to. A configured name with several addresses becomes several. */
export class Target {
  /** As configured, for metrics and the control API. */
  readonly name: string;
  readonly address: Address;
  /** The address, for the log. */
  readonly text: string;
  /** What a sticky cookie says in place of the address. */
  readonly id: string;
  readonly metrics: TargetMetrics;
  config: TargetConfig;
  inFlight = 0;
  /** Said by active checks. */
  healthy = true;
  /** No longer one of the upstream's. */
  retired = false;
  /** Of the smooth weighted round robin. */
  currentWeight = 0;
  /** Idle connections by the destination's key, the last used at the end. */
  readonly idle = new Map<string, UpstreamConnection[]>();
  /** Where plain connections go, for the protocol that was spoken last. */
  plain: Destination | null = null;
  /** TLS sessions of the last connections by the destination's key, for the next. */
  readonly sessions = new Map<string, Buffer>();
  #fails = 0;
  /** When the first of the failures that count happened, and until when they keep it out; ms. */
  #failingSince = 0;
  #outUntil = 0;
  /** When it came back, for the slow start; 0: it always was there. */
  #since = 0;

  constructor(config: TargetConfig, address: Address, metrics: TargetMetrics) {
    this.config = config;
    this.name = addressText(config.host, config.port, config.path);
    this.address = address;
    this.text = addressText(address.host, address.port, address.path);
    this.id = createHash("sha256").update(this.text).digest("hex").slice(0, 16);
    this.metrics = metrics;
  }

  get full(): boolean {
    return this.config.maxConnections > 0 && this.inFlight >= this.config.maxConnections;
  }

  /** Neither taken out by hand nor found ill by checks. */
  get up(): boolean {
    return !this.config.down && this.healthy && !this.retired;
  }

  /** Until when failures keep it out, `performance.now()`; 0: they don't. */
  get outUntil(): number {
    return this.#outUntil;
  }

  isOut(now: number): boolean {
    return this.#outUntil > now;
  }

  /** Its share, less while it starts slowly. `slowStart`: ms. */
  weight(now: number, slowStart: number): number {
    if (this.#since === 0 || slowStart === 0) return this.config.weight;
    const age = now - this.#since;
    if (age < slowStart) return this.config.weight * Math.max(age / slowStart, 0.01);
    this.#since = 0;
    return this.config.weight;
  }

  /** It is given a request. Of a target that was out, one at a time finds out whether it is well. */
  taken(now: number): void {
    this.inFlight++;
    this.metrics.inFlight.value++;
    this.metrics.requests.value++;
    if (this.#outUntil > 0) this.#outUntil = now + this.config.failTimeout;
  }

  given(): void {
    this.inFlight--;
    this.metrics.inFlight.value--;
  }

  succeeded(now: number): void {
    if (this.#fails === 0) return;
    if (this.#outUntil > 0) this.#since = now;
    this.#fails = 0;
    this.#outUntil = 0;
  }

  /** True when this failure takes it out. */
  failed(kind: UpstreamFailure, now: number): boolean {
    this.metrics.failed(kind);
    const { maxFails, failTimeout } = this.config;
    if (maxFails === 0) return false;
    if (this.#outUntil === 0 && now - this.#failingSince > failTimeout) {
      this.#fails = 0;
      this.#failingSince = now;
    }
    this.#fails++;
    if (this.#fails < maxFails) return false;
    const before = this.#outUntil;
    this.#outUntil = now + failTimeout;
    return before === 0;
  }

  /** What an active check says of it. */
  setHealthy(healthy: boolean, now: number): void {
    if (healthy && !this.healthy) this.#since = now;
    this.healthy = healthy;
    this.#fails = 0;
    this.#outUntil = 0;
  }

  /** An idle connection, the most recently used; `since`: not one that has been idle from before that. */
  takeIdle(key: string, since: number): UpstreamConnection | null {
    const list = this.idle.get(key);
    if (list === undefined || list.length === 0) return null;
    if (list[list.length - 1]!.idleSince < since) return null;
    return list.pop()!;
  }

  forget(connection: UpstreamConnection): boolean {
    const list = this.idle.get(connection.destination.key);
    const at = list?.indexOf(connection) ?? -1;
    if (at >= 0) list!.splice(at, 1);
    return at >= 0;
  }

  /** Closes the idle connections that are more than `keep`, the longest unused first. Returns how many. */
  closeOldest(keep: number): number {
    let kept = 0;
    for (const list of this.idle.values()) kept += list.length;
    let closed = 0;
    for (const list of this.idle.values())
      while (list.length > 0 && kept - closed > keep) {
        list.shift()!.close();
        closed++;
      }
    return closed;
  }

  closeIdle(): number {
    let closed = 0;
    for (const list of this.idle.values()) {
      for (const connection of list) connection.close();
      closed += list.length;
    }
    this.idle.clear();
    return closed;
  }
}
