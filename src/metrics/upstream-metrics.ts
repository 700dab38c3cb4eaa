import type { MetricFamily } from "./family.ts";
import { type Counter, type Gauge, type Histogram, type HistogramShape, type Labelled, Registry } from "./registry.ts";

/** Bounds in milliseconds, exposed in seconds. */
const DURATIONS: HistogramShape = {
  bounds: [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000],
  divisor: 1000,
};

/** Why a try at a target failed. */
export type UpstreamFailure = "connect" | "timeout" | "closed" | "answer" | "status" | "health";

/** What is counted of one target. Kept by its owner; the hot path adds to the members. */
export interface TargetMetrics {
  /** Tries, whatever came of them. */
  readonly requests: Counter;
  failed(kind: UpstreamFailure): void;
  readonly inFlight: Gauge;
  /** 1: used; 0: taken out by checks or failures, or down. */
  readonly healthy: Gauge;
  readonly connections: Counter;
  /** Milliseconds. */
  readonly connect: Histogram;
  /** From the request to the answer's head, milliseconds. */
  readonly response: Histogram;
  readonly tunnels: TunnelMetrics;
}

/** Connections that switched to another protocol (WebSocket). */
export interface TunnelMetrics {
  readonly open: Gauge;
  readonly opened: Counter;
  /** Bytes from clients to the target, and back. */
  readonly sent: Counter;
  readonly received: Counter;
}

/** Metrics of the targets that an edge proxies to. Labels are what is configured, so their number is bounded by it. */
export class UpstreamMetrics {
  readonly #registry = new Registry();
  readonly #requests: Labelled<Counter>;
  readonly #failures: Labelled<Counter>;
  readonly #inFlight: Labelled<Gauge>;
  readonly #healthy: Labelled<Gauge>;
  readonly #connections: Labelled<Counter>;
  readonly #connect: Labelled<Histogram>;
  readonly #response: Labelled<Histogram>;
  readonly #tunnels: Labelled<Gauge>;
  readonly #tunnelled: Labelled<Counter>;
  readonly #tunnelBytes: Labelled<Counter>;
  readonly #targets = new Map<string, TargetMetrics>();

  constructor() {
    const registry = this.#registry;
    const labels = ["upstream", "target"];
    this.#requests = registry.counter("propylon_upstream_requests_total", "Tries to have a request answered.", labels);
    const failures = "Tries and health checks that failed, by kind.";
    this.#failures = registry.counter("propylon_upstream_failures_total", failures, [...labels, "kind"]);
    this.#inFlight = registry.gauge("propylon_upstream_in_flight", "Requests that the target has now.", labels);
    this.#healthy = registry.gauge("propylon_upstream_healthy", "1 while the target may be given requests.", labels);
    this.#connections = registry.counter(
      "propylon_upstream_connections_total",
      "Connections opened for requests.",
      labels,
    );
    this.#tunnels = registry.gauge(
      "propylon_upstream_tunnels_open",
      "Connections that have switched to another protocol, such as WebSocket.",
      labels,
    );
    this.#tunnelled = registry.counter("propylon_upstream_tunnels_total", "Tunnels opened since the start.", labels);
    this.#tunnelBytes = registry.counter(
      "propylon_upstream_tunnel_bytes_total",
      "Bytes that went through tunnels, to the target (sent) and from it (received).",
      [...labels, "direction"],
    );
    const connect = "Time to open a connection, TLS included.";
    this.#connect = registry.histogram("propylon_upstream_connect_seconds", connect, DURATIONS, labels);
    const response = "Time from the request to the head of the answer.";
    this.#response = registry.histogram("propylon_upstream_response_seconds", response, DURATIONS, labels);
  }

  families(): MetricFamily[] {
    return this.#registry.families();
  }

  /** The same names give the same counts, before and after a reload. */
  target(upstream: string, target: string): TargetMetrics {
    const key = JSON.stringify([upstream, target]);
    let metrics = this.#targets.get(key);
    if (metrics === undefined) {
      metrics = {
        requests: this.#requests.with(upstream, target),
        failed: (kind) => {
          this.#failures.with(upstream, target, kind).value++;
        },
        inFlight: this.#inFlight.with(upstream, target),
        healthy: this.#healthy.with(upstream, target),
        connections: this.#connections.with(upstream, target),
        connect: this.#connect.with(upstream, target),
        response: this.#response.with(upstream, target),
        tunnels: {
          open: this.#tunnels.with(upstream, target),
          opened: this.#tunnelled.with(upstream, target),
          sent: this.#tunnelBytes.with(upstream, target, "sent"),
          received: this.#tunnelBytes.with(upstream, target, "received"),
        },
      };
      this.#targets.set(key, metrics);
    }
    return metrics;
  }
}
