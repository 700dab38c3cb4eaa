import type { AppRequest, Share } from "./app-request.ts";
import { Queue } from "./queue.ts";

export interface ShareSettings {
  /** Requests that are with the app at a time: in its queue or on its lanes. */
  readonly lanes: number;
  /** Requests that may wait for that. */
  readonly size: number;
  /** Longest wait for that, ms; 0: no limit. */
  readonly timeout: number;
}

/**
 * A route's part of an app: what comes beyond it waits in a queue of the route's own, so that slow requests neither take all lanes nor
 * stand before the others.
 */
export class RouteShare implements Share {
  /** What metrics call the route. */
  readonly route: string;
  /** Requests that are with the app. */
  running = 0;
  requests = 0;
  rejected = 0;
  readonly #queue = new Queue();
  #settings: ShareSettings;

  constructor(route: string, settings: ShareSettings) {
    this.route = route;
    this.#settings = settings;
  }

  get queued(): number {
    return this.#queue.length;
  }

  configure(settings: ShareSettings): void {
    this.#settings = settings;
  }

  take(request: AppRequest): "pass" | "wait" | "full" {
    this.requests++;
    if (this.running < this.#settings.lanes && this.#queue.length === 0) {
      this.#pass(request);
      return "pass";
    }
    if (this.#queue.length >= this.#settings.size) {
      this.rejected++;
      return "full";
    }
    this.#queue.push(request);
    return "wait";
  }

  release(): void {
    this.running--;
  }

  admit(): readonly AppRequest[] {
    const admitted = this.#queue.take(Math.max(0, this.#settings.lanes - this.running));
    for (const request of admitted) this.#pass(request);
    return admitted;
  }

  left(): void {
    this.#queue.left();
  }

  /** Takes out those that have waited too long at `now`. */
  expired(now: number): readonly AppRequest[] {
    const late = this.#queue.expired(now, this.#settings.timeout);
    this.rejected += late.length;
    return late;
  }

  /** Takes out all that wait. */
  clear(): readonly AppRequest[] {
    return this.#queue.take(Number.POSITIVE_INFINITY);
  }

  #pass(request: AppRequest): void {
    this.running++;
    request.admitted = true;
  }
}
