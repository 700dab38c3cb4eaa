import type { DeadlineConfig } from "../config/deadline-model.ts";
import { type Swept, startSweeping, stopSweeping } from "../http/sweeper.ts";
import type { AppRequest } from "./app-request.ts";
import { readStartedPage, type StartedPage } from "./started-page.ts";

/** A worker takes nothing new in the last so many ms before a hard deadline, so that what else it runs is done by then. */
const LAST_CALL = 5000;
/** Several exchanges of a worker may be late; the lane of one that we know nothing more about is given a name of this kind. */
const FORGOTTEN = "a request that was answered already, or came by an edge that is gone,";

/** What a watch sees of a worker. */
export interface WatchedLink {
  readonly id: number;
  /** It has an event loop: it begins with what it takes at once, and the page does not name what it runs. */
  readonly loop: boolean;
  readonly inFlight: ReadonlyMap<number, AppRequest>;
  /** Its page of started exchanges; null before main has named it. */
  readonly page: string | null;
  /** Whether no lane had taken this request when the page was read. */
  untaken(request: AppRequest, page: StartedPage): boolean;
  /** It is given no more exchanges for now. */
  closed: boolean;
  /** It is about to be killed. */
  condemned: boolean;
}

/** What a watch asks of its pool. */
export interface WatchOwner {
  /** All that have connections. */
  readonly links: ReadonlyMap<number, WatchedLink>;
  readonly inFlight: number;
  /** Longest wait for a lane, ms; 0: no limit. */
  readonly queueTimeout: number;
  /** The request is past its soft deadline: its client is to be told, the app to be interrupted. */
  late(link: WatchedLink, request: AppRequest, ran: number): void;
  /** No lane took it in time. */
  waitedInVain(request: AppRequest): void;
  /** A worker is past a hard deadline; `why` is a sentence without its subject. */
  condemn(link: WatchedLink, why: string): void;
  /** `closed` of a worker has changed. */
  openness(): void;
}

/**
 * The deadlines of one pool. Looked at by the sweep that all timeouts share, so that no request pays for a timer; where the oldest
 * request of a worker is younger than any limit, that look is one comparison. When lanes began is told by the workers' pages.
 */
export class DeadlineWatch implements Swept {
  readonly #owner: WatchOwner;
  #deadline: DeadlineConfig = NONE;
  /** The shortest limit that any request may have, ms. */
  #shortest = Number.POSITIVE_INFINITY;
  #limited = false;
  #sweeping = false;

  constructor(owner: WatchOwner) {
    this.#owner = owner;
  }

  /** The app's deadline, for requests whose route has none of its own. */
  get deadline(): DeadlineConfig {
    return this.#deadline;
  }

  /** @param deadline the app's own; what routes have is told by `expect` */
  configure(deadline: DeadlineConfig): void {
    this.#deadline = deadline;
    this.expect(deadline);
  }

  /** Requests with this deadline may come. */
  expect({ soft, hard }: DeadlineConfig): void {
    const limits = [soft, hard].filter((limit) => limit > 0);
    if (limits.length > 0) this.#limited = true;
    this.#shortest = Math.min(this.#shortest, ...limits);
  }

  /** There is something in flight. */
  wake(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    startSweeping(this);
  }

  stop(): void {
    this.#sweeping = false;
    stopSweeping(this);
  }

  tick(now: number): void {
    let busy = this.#owner.inFlight > 0;
    for (const link of this.#owner.links.values()) if (this.#look(link, now)) busy = true;
    if (!busy) this.stop();
  }

  /** Whether a lane of this worker runs something, as far as that matters. */
  #look(link: WatchedLink, now: number): boolean {
    const { queueTimeout } = this.#owner;
    const first = firstOf(link.inFlight);
    const shortest = queueTimeout > 0 ? Math.min(this.#shortest, queueTimeout) : this.#shortest;
    const isYoung = first === null || now - first.waitingSince < shortest;
    // A lane may also be held by what the app does after its answer: then only the page knows.
    if (isYoung && !(this.#limited && first === null)) return first !== null;
    const page = link.page === null ? null : readStartedPage(link.page);
    let closed = false;
    for (const request of link.inFlight.values())
      if (now - request.waitingSince >= shortest) closed = this.#judge(link, request, page, now) || closed;
    for (const [stream, began] of page?.running ?? [])
      if (!link.inFlight.has(stream)) closed = this.#isHardBy(link, this.#deadline, now - began, FORGOTTEN) || closed;
    if (link.closed !== closed && !link.condemned) {
      link.closed = closed;
      this.#owner.openness();
    }
    return first !== null || (page?.running.size ?? 0) > 0;
  }

  /** One request; whether its worker is to take nothing new because of it. */
  #judge(link: WatchedLink, request: AppRequest, page: StartedPage | null, now: number): boolean {
    const { soft, hard } = request.deadline;
    // A WebSocket lives as long as both sides want.
    if (request.handshake !== null && request.answer !== null) return false;
    const isTaken = page === null || (link.loop && !link.untaken(request, page));
    const began = isTaken ? request.sentAt : page.running.get(request.stream);
    if (began === undefined) {
      if (page === null || !link.untaken(request, page)) return false; // its answer is on its way
      const { queueTimeout } = this.#owner;
      if (queueTimeout > 0 && !request.gone && now - request.waitingSince > queueTimeout)
        this.#owner.waitedInVain(request);
      // A lane is free and takes nothing: the process is stopped, or something holds the interpreter's lock.
      return (
        page.idle &&
        this.#isHardBy(link, request.deadline, now - request.sentAt, `${nameOf(request)} was not taken up:`)
      );
    }
    const ran = now - began;
    if (!request.late && ((soft > 0 && ran >= soft) || (hard > 0 && ran >= hard))) {
      request.late = true;
      this.#owner.late(link, request, ran);
    }
    return this.#isHardBy(link, request.deadline, ran, nameOf(request));
  }

  #isHardBy(link: WatchedLink, { hard }: DeadlineConfig, ran: number, what: string): boolean {
    if (hard === 0) return false;
    if (ran >= hard && !link.condemned) {
      link.condemned = true;
      const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
      this.#owner.condemn(link, `${what} ran for ${seconds(ran)} (deadline: hard ${seconds(hard)})`);
    }
    return ran >= hard - Math.min(LAST_CALL, hard / 2);
  }
}

/** No limit at all. */
export const NONE: DeadlineConfig = { soft: 0, hard: 0 };

function firstOf(inFlight: ReadonlyMap<number, AppRequest>): AppRequest | null {
  for (const request of inFlight.values()) return request;
  return null;
}

function nameOf(request: AppRequest): string {
  return `${request.exchange.method} ${request.exchange.target}`;
}
