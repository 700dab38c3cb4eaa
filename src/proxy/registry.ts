import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ResolverConfig, UpstreamConfig } from "../config/proxy-model.ts";
import type { MetricFamily } from "../metrics/family.ts";
import { UpstreamMetrics } from "../metrics/upstream-metrics.ts";
import { type Lookup, systemLookup } from "./addresses.ts";
import {
  changedTargets,
  parseTarget,
  type TargetChange,
  type UpstreamStatus,
  upstreamStatus,
} from "./target-change.ts";
import { Upstream, type UpstreamParts } from "./upstream.ts";

/** Upstreams whose address a request's variables say are forgotten when there are more than this. */
const DYNAMIC = 256;

/** The upstreams of an edge. It outlives a reload, and with it connections and what is known of targets. */
export class UpstreamRegistry {
  readonly metrics = new UpstreamMetrics();
  readonly #parts: UpstreamParts;
  readonly #upstreams = new Map<string, Upstream>();
  /** By `host:port` and who is asked for names, the least recently used first. */
  readonly #dynamic = new Map<string, Upstream>();
  /** As last configured; targets changed at run time don't show here. */
  #configs: Readonly<Record<string, UpstreamConfig>> = {};

  constructor(log: Log, lookup: Lookup = systemLookup) {
    this.#parts = { metrics: this.metrics, lookup, warn: (message) => log.warn(message) };
  }

  /** The upstream of this name, which may be configured later. */
  named(name: string): Upstream {
    let upstream = this.#upstreams.get(name);
    if (upstream === undefined) {
      upstream = new Upstream(name, this.#parts);
      this.#upstreams.set(name, upstream);
    }
    return upstream;
  }

  /**
   * Takes the upstreams of a configuration. One whose section is unchanged keeps what was changed at run time; those that are
   * no longer named close.
   */
  configure(configs: Readonly<Record<string, UpstreamConfig>>): void {
    for (const [name, upstream] of this.#upstreams) {
      if (configs[name] !== undefined) continue;
      upstream.close();
      this.#upstreams.delete(name);
    }
    for (const [name, config] of Object.entries(configs)) {
      const upstream = this.named(name);
      if (upstream.config === null || JSON.stringify(config) !== JSON.stringify(this.#configs[name]))
        upstream.configure(config);
    }
    this.#configs = configs;
  }

  /**
   * The upstream for an address found out by a request: `host:port`, `unix:/path`, the name of a configured one, each also
   * written as `http://...` without a path (as NGINX's `set $backend http://...` has it); null: it is none.
   */
  dynamic(given: string, defaultPort: number, resolver: ResolverConfig | null = null): Upstream | null {
    const address = /^http:\/\/([^/?#]+)$/.exec(given)?.[1] ?? given;
    const named = this.#upstreams.get(address);
    if (named !== undefined) return named;
    const key = resolver === null ? address : `${address} ${JSON.stringify(resolver)}`;
    const known = this.#dynamic.get(key);
    if (known !== undefined) {
      this.#dynamic.delete(key);
      this.#dynamic.set(key, known);
      return known;
    }
    const target = parseTarget(address, defaultPort);
    if (target === null) return null;
    if (this.#dynamic.size >= DYNAMIC) {
      const [oldest, upstream] = this.#dynamic.entries().next().value!;
      this.#dynamic.delete(oldest);
      upstream.close();
    }
    // One label for all: clients choose how many there are.
    const upstream = new Upstream("dynamic", {
      ...this.#parts,
      metrics: { target: () => this.metrics.target("dynamic", "any") },
    });
    upstream.configure({ ...DYNAMIC_CONFIG, name: address, targets: [target], resolver });
    this.#dynamic.set(key, upstream);
    return upstream;
  }

  /** What the control API shows: every upstream with its targets as they are now. */
  status(): UpstreamStatus[] {
    return [...this.#upstreams.values()].filter((upstream) => upstream.config !== null).map(upstreamStatus);
  }

  /**
   * Changes an upstream's targets, until its section of the configuration changes. `address` names a target as it is configured.
   * Throws a PropylonError for an upstream or target that there is not, and for an address that is none.
   */
  change(name: string, change: TargetChange): void {
    const config = this.#upstreams.get(name)?.config;
    if (config == null) throw new PropylonError("user", `change upstream "${name}": there is no such upstream`);
    this.named(name).configure({ ...config, targets: changedTargets(config, change) });
  }

  /** Everything counted, for the metrics page. */
  families(): MetricFamily[] {
    for (const upstream of this.#upstreams.values()) upstream.showHealth();
    return this.metrics.families();
  }

  /** Closes everything; for the end of the process and of tests. */
  close(): void {
    for (const upstream of [...this.#upstreams.values(), ...this.#dynamic.values()]) upstream.close();
    this.#upstreams.clear();
    this.#dynamic.clear();
  }
}

// --- internal ---

const DYNAMIC_CONFIG: Omit<UpstreamConfig, "name" | "targets" | "resolver"> = {
  balance: "round-robin",
  key: "",
  consistent: false,
  keepalive: 32,
  keepaliveTimeout: 60_000,
  keepaliveRequests: 0,
  keepaliveTime: 0,
  queueSize: 0,
  queueTimeout: 0,
  slowStart: 0,
  health: null,
};
