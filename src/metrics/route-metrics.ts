import type { Exchange } from "../http/exchange.ts";
import type { Counter, Labelled, Registry } from "./registry.ts";

/** Routes with labels of their own, of all sites together; what comes after them is counted as `(other)`. */
const MOST = 200;
const OTHER = "(other)";
const CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

interface Series {
  readonly site: string;
  readonly route: string;
  readonly requests: (Counter | null)[];
  readonly seconds: Counter;
}

/** Requests and time by route, with as many labels as routes are written, up to a bound. */
export class RouteMetrics {
  readonly #requests: Labelled<Counter>;
  readonly #seconds: Labelled<Counter>;
  readonly #known = new Map<string, Map<string, Series>>();
  #count = 0;
  // Of the exchange before, which is most often of the same route.
  #site = "";
  #route = "";
  #series: Series | null = null;

  constructor(registry: Registry) {
    this.#requests = registry.counter(
      "propylon_route_requests_total",
      "Requests that ended, by the route that took them.",
      ["site", "route", "class"],
    );
    this.#seconds = registry.counter(
      "propylon_route_request_seconds_total",
      "Time from the complete request head to the end of the response, added up.",
      ["site", "route"],
    );
  }

  /** `milliseconds`: what it took. */
  ended({ site, route }: Exchange, status: number, milliseconds: number): void {
    if (this.#series === null || route !== this.#route || site !== this.#site) {
      this.#series = this.#seriesOf(site, route);
      this.#site = site;
      this.#route = route;
    }
    const series = this.#series;
    const place = status >= 100 && status < 600 ? Math.trunc(status / 100) - 1 : 3;
    series.requests[place] ??= this.#requests.with(series.site, series.route, CLASSES[place]!);
    series.requests[place].value++;
    series.seconds.value += milliseconds / 1000;
  }

  // --- internal ---

  #seriesOf(site: string, route: string): Series {
    let routes = this.#known.get(site);
    if (routes === undefined) {
      routes = new Map();
      this.#known.set(site, routes);
    }
    const known = routes.get(route);
    if (known !== undefined) return known;
    if (this.#count >= MOST && route !== OTHER) return this.#seriesOf(site, OTHER);
    this.#count++;
    const series: Series = { site, route, requests: CLASSES.map(() => null), seconds: this.#seconds.with(site, route) };
    routes.set(route, series);
    return series;
  }
}
