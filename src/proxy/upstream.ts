import type { TargetConfig, UpstreamConfig } from "../config/proxy-model.ts";
import type { TargetMetrics } from "../metrics/upstream-metrics.ts";
import { type Lookup, plainTargetAddress } from "./addresses.ts";
import { createBalancer } from "./balancer.ts";
import type { Balancer, Choice } from "./choice.ts";
import type { UpstreamConnection } from "./connection.ts";
import { type Address, addressText } from "./destination.ts";
import { HealthChecks } from "./health.ts";
import { IdleUser } from "./idle-user.ts";
import { nameServerLookup } from "./name-server-lookup.ts";
import { destinationOf, type SecureTargets } from "./secure-targets.ts";
import { Target } from "./target.ts";
import { type Waiter, WaitingList } from "./waiting-list.ts";

/** How often names are looked up again, ms; after a failed connection, not sooner than `LOOKUP_REST` after the last time. */
const LOOKUP_INTERVAL = 30_000;
const LOOKUP_REST = 1_000;

const NO_QUEUE = { queueSize: 0, queueTimeout: 0 };

/** Why no target was given. */
export type NoTarget = "unresolved" | "none" | "full" | "waited";

/** Receives what `Upstream.acquire` found: a target that is now counted as in use, or why there is none. */
export type Acquired = (target: Target | null, why: NoTarget | null) => void;

export interface UpstreamParts {
  readonly metrics: { target(upstream: string, target: string): TargetMetrics };
  readonly lookup: Lookup;
  warn(message: string): void;
}

/** A named group of targets: chooses one for each request, and knows which of them are well. */
export class Upstream {
  readonly name: string;
  readonly #parts: UpstreamParts;
  #config: UpstreamConfig | null = null;
  #targets: Target[] = [];
  #primary: Target[] = [];
  #balancer: Balancer | null = null;
  /** What was found for each host name. */
  readonly #found = new Map<string, readonly string[]>();
  /** Names that are being looked up. */
  readonly #looking = new Set<string>();
  #lookup: Lookup;
  /** Until when what names stand for holds, where a name server said it. */
  #holdsUntil = Number.POSITIVE_INFINITY;
  /** The same of the answers that have come of the look-ups under way. */
  #nextHold = Number.POSITIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  readonly #unresolved: WaitingList;
  readonly #waiting: WaitingList;
  #idle = 0;
  #checks: HealthChecks | null = null;
  /** How its targets are spoken to through TLS, as the last route that uses it says; for the checks. */
  #secure: SecureTargets | null = null;

  constructor(name: string, parts: UpstreamParts) {
    this.name = name;
    this.#parts = parts;
    this.#lookup = parts.lookup;
    this.#unresolved = new WaitingList((waiter) => waiter.acquired(null, "unresolved"));
    this.#waiting = new WaitingList((waiter) => waiter.acquired(null, "waited"));
  }

  get config(): UpstreamConfig | null {
    return this.#config;
  }

  get targets(): readonly Target[] {
    return this.#targets;
  }

  /** Sets the gauge of each configured target: well while any of its addresses is. */
  showHealth(): void {
    for (const target of this.#targets) target.metrics.healthy.value = 0;
    for (const target of this.#targets) if (target.up && target.outUntil === 0) target.metrics.healthy.value = 1;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /** Takes a configuration, the first or another. Targets that stay keep their connections and what is known of them. */
  configure(config: UpstreamConfig): void {
    const before = this.#config;
    this.#config = config;
    if (before === null || before.balance !== config.balance || before.consistent !== config.consistent)
      this.#balancer = createBalancer(config);
    this.#build();
    if (JSON.stringify(before?.health ?? null) !== JSON.stringify(config.health)) this.#checkAnew(config.health);
    this.#lookup = config.resolver === null ? this.#parts.lookup : nameServerLookup(config.resolver);
    if (this.#timer === null && config.resolver === null) {
      this.#timer = setInterval(() => this.#lookUpAll(), LOOKUP_INTERVAL);
      this.#timer.unref();
    }
    this.#lookUpAll();
  }

  /** Says how its targets are spoken to; null: without TLS. */
  speak(secure: SecureTargets | null): void {
    this.#secure = secure;
  }

  /** Closes idle connections and gives no more targets; exchanges under way go on. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#checks?.stop();
    this.#checks = null;
    this.#config = null;
    for (const target of this.#targets) this.#retire(target);
    this.#targets = [];
    this.#primary = [];
    for (const waiter of [...this.#unresolved.clear(), ...this.#waiting.clear()]) waiter.acquired(null, "none");
  }

  /**
   * Gives a target, often before this returns; each one given is handed back by `release`. The waiter that is returned, if
   * any, can be `cancel`led. `patience`: longest wait for the first address of a name, ms; 0: as long as the system takes.
   */
  acquire(choice: Choice, now: number, acquired: Acquired, patience = 0): Waiter | null {
    if (now >= this.#holdsUntil) this.#lookUpAll();
    const target = now >= this.#holdsUntil ? null : this.#choose(choice, now);
    if (target === null) return this.#wait({ choice, acquired }, now, patience);
    target.taken(now);
    acquired(target, null);
    return null;
  }

  /** Whether a target could be given at once. */
  couldServe(choice: Choice, now: number): boolean {
    return this.#targets.some((target) => usable(target, choice, now));
  }

  cancel(waiter: Waiter): void {
    this.#unresolved.remove(waiter);
    this.#waiting.remove(waiter);
  }

  release(target: Target): void {
    target.given();
    if (this.#waiting.length > 0) this.#serveWaiting();
  }

  /** The target failed to be reached: its name may have moved. */
  unreachable(target: Target): void {
    if (
      target.config.path === null &&
      performance.now() - this.#lookedAt > LOOKUP_REST &&
      this.#found.has(target.config.host)
    )
      this.#lookUp(target.config.host);
  }

  /** Keeps a connection for later, or closes it. */
  keep(target: Target, connection: UpstreamConnection, now: number): void {
    const limit = this.#config?.keepalive ?? 0;
    if (target.retired || limit === 0 || connection.isWorn(this.#config!, now)) {
      connection.close();
      return;
    }
    const key = connection.destination.key;
    let list = target.idle.get(key);
    if (list === undefined) {
      list = [];
      target.idle.set(key, list);
    }
    if (this.#idle >= limit) {
      // The one that was unused the longest goes; another target's are left alone.
      const oldest = list.shift();
      if (oldest === undefined) {
        connection.close();
        return;
      }
      oldest.close();
      this.#idle--;
    }
    connection.idleSince = now;
    connection.user = new IdleUser(this, target, connection);
    connection.restart();
    list.push(connection);
    this.#idle++;
  }

  /** An idle connection for this destination. */
  takeIdle(target: Target, key: string, since: number): UpstreamConnection | null {
    const connection = target.takeIdle(key, since);
    if (connection !== null) this.#idle--;
    return connection;
  }

  /**
   * Before a connection of an exchange is opened: idle ones give way, so that never more are open than `max_connections`. A retry and
   * a POST open one beside idle ones that they don't trust.
   */
  makeRoom(target: Target): void {
    const { maxConnections } = target.config;
    if (maxConnections > 0) this.#idle -= target.closeOldest(maxConnections - target.inFlight);
  }

  /** An idle connection ended, or has to. */
  dropIdle(target: Target, connection: UpstreamConnection): void {
    if (target.forget(connection)) this.#idle--;
    connection.close();
  }

  // --- internal ---

  /** No target can be given now: perhaps one can later. */
  #wait(waiter: Waiter, now: number, patience = 0): Waiter | null {
    const { choice, acquired } = waiter;
    if (this.#looking.size > 0 && (this.#targets.length === 0 || now >= this.#holdsUntil)) {
      return this.#unresolved.add(waiter, patience === 0 ? Number.POSITIVE_INFINITY : now + patience);
    }
    const full = this.#targets.some((one) => one.up && one.full && !choice.tried.includes(one));
    const { queueSize, queueTimeout } = this.#config ?? NO_QUEUE;
    if (full && this.#waiting.length < queueSize) return this.#waiting.add(waiter, now + queueTimeout);
    acquired(null, full ? "full" : this.#targets.length === 0 ? "unresolved" : "none");
    return null;
  }

  #choose(choice: Choice, now: number): Target | null {
    if (this.#targets.length === 0) return null;
    const weigh = (target: Target): number => target.weight(now, this.#config!.slowStart);
    let candidates: readonly Target[] = this.#primary;
    // Nothing to leave out, as is usual: no list is made.
    if (!candidates.every((target) => usable(target, choice, now)) || candidates.length === 0) {
      candidates = this.#primary.filter((target) => usable(target, choice, now));
      if (candidates.length === 0)
        candidates = this.#targets.filter((target) => target.config.backup && usable(target, choice, now));
      if (candidates.length === 0) return this.#leastBad(choice);
    }
    return this.#balancer!.choose(candidates, choice, weigh);
  }

  /**
   * All that are left are out because of failures: the one that is nearest to coming back is tried rather than answering 502 for
   * the rest of `failTimeout`, and so is the only target of an upstream.
   */
  #leastBad(choice: Choice): Target | null {
    let best: Target | null = null;
    for (const target of this.#targets) {
      if (!target.up || target.full || choice.tried.includes(target)) continue;
      if (best === null || target.outUntil < best.outUntil) best = target;
    }
    return best;
  }

  #serveWaiting(): void {
    const now = performance.now();
    this.#waiting.serve(
      () => this.#targets.some((target) => target.up && !target.full),
      (waiter) => {
        const target = this.#choose(waiter.choice, now);
        target?.taken(now);
        return target;
      },
    );
  }

  #lookUpAll(): void {
    for (const target of this.#config?.targets ?? []) {
      if (plainTargetAddress(target) === null) this.#lookUp(target.host);
    }
  }

  #lookUp(host: string): void {
    if (this.#looking.has(host)) return;
    this.#looking.add(host);
    this.#lookedAt = performance.now();
    if (this.#looking.size === 1) this.#nextHold = Number.POSITIVE_INFINITY;
    this.#lookup(host, (error, addresses, lasts) => {
      this.#looking.delete(host);
      if (this.#config === null) return;
      if (this.#config.resolver !== null) this.#nextHold = Math.min(this.#nextHold, performance.now() + (lasts ?? 0));
      if (this.#looking.size === 0) this.#holdsUntil = this.#nextHold;
      // What was known before is better than nothing.
      if (error !== null) this.#parts.warn(`upstream ${this.name}: look up "${host}": ${error.message}`);
      else if (sorted(addresses).join() !== this.#found.get(host)?.join()) {
        this.#found.set(host, sorted(addresses));
        this.#build();
      }
      if (this.#looking.size > 0 && this.#targets.length === 0) return;
      const now = performance.now();
      for (const waiter of this.#unresolved.clear()) {
        const target = this.#choose(waiter.choice, now);
        if (target === null) this.#wait(waiter, now);
        else {
          target.taken(now);
          waiter.acquired(target, null);
        }
      }
    });
  }

  /** The targets of the configuration and of what names stand for now; those that were there before stay the same objects. */
  #build(): void {
    const before = new Map(this.#targets.map((target) => [`${target.name} ${target.text}`, target]));
    const targets: Target[] = [];
    for (const config of this.#config!.targets) {
      for (const address of this.#addresses(config)) {
        const key = `${addressText(config.host, config.port, config.path)} ${addressText(address.host, address.port, address.path)}`;
        let target = before.get(key);
        before.delete(key);
        if (target === undefined) {
          const label = addressText(config.host, config.port, config.path);
          target = new Target(config, address, this.#parts.metrics.target(this.name, label));
        }
        target.config = config;
        targets.push(target);
      }
    }
    for (const target of before.values()) this.#retire(target);
    this.#targets = targets;
    this.#primary = targets.filter((target) => !target.config.backup);
    this.#balancer!.reset(targets);
    this.#checks?.watch(targets);
    if (this.#waiting.length > 0) this.#serveWaiting();
  }

  #checkAnew(health: UpstreamConfig["health"]): void {
    this.#checks?.stop();
    this.#checks = null;
    const now = performance.now();
    if (health === null) {
      for (const target of this.#targets) target.setHealthy(true, now);
      return;
    }
    this.#checks = new HealthChecks(health, {
      destination: (target) => destinationOf(target, "health", this.#secure, null),
      changed: (target, healthy, reason) => {
        target.setHealthy(healthy, performance.now());
        const what = healthy ? "is well again" : `is ill: ${reason}`;
        this.#parts.warn(`upstream ${this.name}: ${target.text} ${what}`);
        if (healthy && this.#waiting.length > 0) this.#serveWaiting();
      },
    });
    this.#checks.start(this.#targets);
  }

  #addresses(config: TargetConfig): readonly Address[] {
    const plain = plainTargetAddress(config);
    if (plain !== null) return [plain];
    return (this.#found.get(config.host) ?? []).map((host) => ({ host, port: config.port, path: null }));
  }

  #retire(target: Target): void {
    target.retired = true;
    this.#idle -= target.closeIdle();
  }
}

/** Name servers give them in turn; that is no change. */
function sorted(addresses: readonly string[]): readonly string[] {
  return [...addresses].sort();
}

function usable(target: Target, choice: Choice, now: number): boolean {
  return (
    target.up && !target.full && !target.isOut(now) && (choice.tried.length === 0 || !choice.tried.includes(target))
  );
}
