import type { Client, Exchange, ExchangeObserver } from "../http/exchange.ts";
import { reasonPhrase } from "../http/status.ts";
import type { MetricFamily } from "./family.ts";
import { type Counter, type Gauge, type Histogram, type HistogramShape, type Labelled, Registry } from "./registry.ts";
import { RouteMetrics } from "./route-metrics.ts";

/** Bounds in milliseconds, exposed in seconds: from a static hit to the slowest request that somebody waits for. */
const DURATIONS: HistogramShape = {
  bounds: [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000],
  divisor: 1000,
};

/** Methods with a label of their own (RFC 9110 §9, RFC 5789); all others are OTHER, since clients choose them freely. */
const METHODS = ["OTHER", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"] as const;
const METHOD_NUMBERS: ReadonlyMap<string, number> = new Map(METHODS.map((method, i) => [method, i]));

/** What is counted of the exchanges of one site and app. */
interface Series {
  /** By method number * 65536 + status. */
  readonly requests: Map<number, Counter>;
  readonly duration: Histogram;
  readonly bytes: Counter;
  /** null where no app answered. */
  readonly queue: Histogram | null;
}

/**
 * Counts the exchanges and connections of one edge. An exchange costs about 0.1 µs: labels become a child once per
 * combination, and the combination of the exchange before is tried first.
 */
export class HttpMetrics implements ExchangeObserver {
  /** Exchanges that ended, since the start. */
  requests = 0;
  readonly #registry = new Registry();
  readonly #requestsTotal: Labelled<Counter>;
  readonly #durations: Labelled<Histogram>;
  readonly #bytes: Labelled<Counter>;
  readonly #queue: Labelled<Histogram>;
  readonly #refused: Labelled<Counter>;
  readonly #protocols: Labelled<Counter>;
  readonly #routes: RouteMetrics;
  readonly #open: Gauge;
  readonly #opened: Counter;
  readonly #sites = new Map<string, Map<string, Series>>();
  // The last exchange's combination.
  #site = "";
  #app = "";
  #method = "";
  #status = -1;
  #protocol = "";
  #byProtocol: Counter | null = null;
  #series: Series | null = null;
  #counter: Counter | null = null;

  constructor() {
    const registry = this.#registry;
    const total = "Requests that ended, by what answered them. Status 499: the client left first.";
    this.#requestsTotal = registry.counter("propylon_http_requests_total", total, ["site", "app", "method", "status"]);
    const duration = "Time from the complete request head to the end of the response.";
    this.#durations = registry.histogram("propylon_http_request_duration_seconds", duration, DURATIONS, [
      "site",
      "app",
    ]);
    const bytes = "Bytes of response bodies as sent.";
    this.#bytes = registry.counter("propylon_http_response_bytes_total", bytes, ["site", "app"]);
    const queue = "Time that requests waited for a worker of the app.";
    this.#queue = registry.histogram("propylon_app_queue_seconds", queue, DURATIONS, ["app"]);
    const protocols = "Requests that ended, by the version of HTTP.";
    this.#protocols = registry.counter("propylon_http_protocol_requests_total", protocols, ["protocol"]);
    this.#routes = new RouteMetrics(registry);
    const refused = "Requests refused before they reached a handler.";
    this.#refused = registry.counter("propylon_http_refused_total", refused, ["status"]);
    this.#open = registry.gauge("propylon_http_connections_open", "Client connections open now.").with();
    this.#opened = registry.counter("propylon_http_connections_total", "Client connections accepted.").with();
  }

  families(): MetricFamily[] {
    return this.#registry.families();
  }

  ended(exchange: Exchange, status: number, bytes: number): void {
    this.requests++;
    const { site, app, method, protocol } = exchange;
    if (this.#byProtocol === null || protocol !== this.#protocol) {
      this.#byProtocol = this.#protocols.with(protocol);
      this.#protocol = protocol;
    }
    this.#byProtocol.value++;
    if (this.#series === null || site !== this.#site || app !== this.#app) {
      this.#series = this.#seriesOf(site, app);
      this.#site = site;
      this.#app = app;
      this.#counter = null;
    }
    if (this.#counter === null || status !== this.#status || method !== this.#method) {
      this.#counter = this.#counterOf(this.#series, method, status);
      this.#method = method;
      this.#status = status;
    }
    const series = this.#series;
    this.#counter.value++;
    series.bytes.value += bytes;
    const took = performance.now() - exchange.began;
    series.duration.observe(took);
    if (exchange.route !== "") this.#routes.ended(exchange, status === 0 ? 499 : status, took);
    if (series.queue !== null) series.queue.observe(exchange.queued);
  }

  refused(_client: Client, status: number, _reason: string, _line: string): void {
    this.#refused.with(String(status)).value++;
  }

  connectionOpened(): void {
    this.#open.value++;
    this.#opened.value++;
  }

  connectionClosed(): void {
    this.#open.value--;
  }

  #seriesOf(site: string, app: string): Series {
    let apps = this.#sites.get(site);
    if (apps === undefined) {
      apps = new Map();
      this.#sites.set(site, apps);
    }
    let series = apps.get(app);
    if (series === undefined) {
      series = {
        requests: new Map(),
        duration: this.#durations.with(site, app),
        bytes: this.#bytes.with(site, app),
        queue: app === "" ? null : this.#queue.with(app),
      };
      apps.set(app, series);
    }
    return series;
  }

  #counterOf(series: Series, method: string, status: number): Counter {
    const number = METHOD_NUMBERS.get(method) ?? 0;
    const key = number * 65536 + status;
    let counter = series.requests.get(key);
    if (counter === undefined) {
      counter = this.#requestsTotal.with(this.#site, this.#app, METHODS[number]!, statusLabel(status));
      series.requests.set(key, counter);
    }
    return counter;
  }
}

/** The statuses that have a name, and 499; others, which apps and upstreams choose freely, are their class: `5xx`. */
function statusLabel(status: number): string {
  if (status === 0 || status === 499) return "499";
  return reasonPhrase(status) === "Unknown" ? `${Math.trunc(status / 100)}xx` : String(status);
}
