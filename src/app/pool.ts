import type net from "node:net";
import type { WebSocketSettings } from "../websocket/socket.ts";
import type { AppRequest, Share } from "./app-request.ts";
import type { WebSocketFigures } from "./app-websocket.ts";
import { bereavedOf } from "./bereaved.ts";
import { Channel } from "./channel.ts";
import { DeadlineWatch, type WatchOwner } from "./deadline-watch.ts";
import { type Hello, LOOP, STREAM } from "./frames.ts";
import type { PoolOwner, PoolSettings } from "./pool-parts.ts";
import { Queue } from "./queue.ts";
import { RouteShare, type ShareSettings } from "./route-share.ts";
import { tellNow, turnAway, WAITED_TOO_LONG } from "./turn-away.ts";
import { type LinkOwner, WorkerLink } from "./worker-link.ts";

/** Wait, in ms, for main to say that a worker which vanished has ended, before its exchanges are settled all the same. */
const EXIT_WAIT = 500;
/** After main said that a worker ended: wait for what it had written, ms (a forked child may hold its sockets open for ever). */
const LAST_WORDS = 100;

/** Why a request was answered 503 without reaching the app: a word for the metric. */
export type Rejection = "queue_full" | "queue_timeout" | "unavailable";

/** One app's workers as the edge sees them, and the one bounded queue in front of them (DESIGN §4). */
export class Pool implements LinkOwner, WatchOwner {
  readonly name: string;
  /** Why the app can't run at present, or null. */
  broken: string | null = null;
  inFlight = 0;
  requests = 0;
  retries = 0;
  lost = 0;
  /** Its workers run event loops. What came before the first worker did is taken for WSGI, and made anew when it is not. */
  loops = false;
  readonly webSockets: WebSocketFigures = { open: 0, accepted: 0, received: 0, sent: 0 };
  /** Requests answered 503 without reaching the app, by why. */
  readonly rejections: Record<Rejection, number> = { queue_full: 0, queue_timeout: 0, unavailable: 0 };
  /** Requests answered 504, and workers given up, for their deadlines. */
  overdue = 0;
  condemned = 0;
  readonly deadlines: DeadlineWatch;
  readonly shares = new Map<string, RouteShare>();
  #settings: PoolSettings;
  readonly #owner: PoolOwner;
  readonly #queue = new Queue();
  readonly #links = new Map<number, WorkerLink>();
  /** Ready and active, the ones that dispatch looks at. */
  #usable: WorkerLink[] = [];
  #active: readonly number[] = [];
  #pages: Readonly<Record<number, string>> = {};
  readonly #exited = new Set<number>();
  #lastStream = 0;
  #scheduled = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(settings: PoolSettings, owner: PoolOwner) {
    this.name = settings.name;
    this.#settings = settings;
    this.#owner = owner;
    this.deadlines = new DeadlineWatch(this);
    this.deadlines.configure(settings.deadline);
  }

  get queueTimeout(): number {
    return this.#settings.queueTimeout;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get memoryLimit(): number {
    return this.#settings.memoryLimit;
  }

  get fileLimit(): number {
    return this.#settings.fileLimit;
  }

  get webSocketSettings(): WebSocketSettings {
    return this.#settings.webSocket;
  }

  get links(): ReadonlyMap<number, WorkerLink> {
    return this.#links;
  }

  configure(settings: PoolSettings): void {
    this.#settings = settings;
    this.deadlines.configure(settings.deadline);
  }

  /** The part of the app that this route has; the same object as long as the pool lives, so that its counts go on. */
  share(route: string, settings: ShareSettings): RouteShare {
    const share = this.shares.get(route) ?? new RouteShare(route, settings);
    share.configure(settings);
    this.shares.set(route, share);
    return share;
  }

  /** Takes a request whose body is here. Answers 503 at once when the queue is full or the app can't run. */
  submit(request: AppRequest): void {
    if (this.broken !== null) {
      this.#reject(request, "unavailable", "The application can't be started at present");
      return;
    }
    const { share } = request;
    const isFull = this.#queue.length >= this.#settings.queueSize;
    const place = share === null ? (isFull ? "full" : "pass") : share.take(request);
    if (place === "full") {
      this.#reject(request, "queue_full", "Too many requests wait for the application");
      return;
    }
    this.requests++;
    this.inFlight++;
    request.waitingSince = performance.now();
    request.exchange.onAbort = () => this.#clientLeft(request);
    this.deadlines.wake();
    if (place === "pass") this.#queue.push(request);
    this.#schedule();
  }

  /** Gives a request of our own to this one worker, whether clients' may go to it or not; false: it is not there. */
  probe(worker: number, request: AppRequest): boolean {
    const link = this.#links.get(worker);
    if (link === undefined || !link.complete) return false;
    this.inFlight++;
    request.stream = this.#nextStream();
    link.send([request], performance.now());
    return true;
  }

  /** A worker has opened a connection and said HELLO on it. */
  attach(socket: net.Socket, hello: Hello, first: Buffer): void {
    const { worker, lane, lanes, kind } = hello;
    let link = this.#links.get(worker);
    if (link?.broken) {
      // It has reconnected before the old connections were settled.
      this.#settle(link);
      link = undefined;
    }
    if (link === undefined) {
      // An exchange's connection without a worker: that has just been settled.
      if (kind === STREAM) return void socket.destroy();
      link = new WorkerLink(worker, lanes, this, kind === LOOP);
      this.#links.set(worker, link);
      const page = this.#pages[worker];
      if (page !== undefined) link.usePage(page);
    }
    const known = link;
    link.attach(new Channel(socket, kind, lane), first, () => this.#connectionLost(known));
    this.#choose();
  }

  /** Main's list of the workers that may be given exchanges. */
  setActive(active: readonly number[], pages: Readonly<Record<number, string>>): void {
    this.#active = active;
    this.#pages = pages;
    for (const [id, link] of this.#links) {
      const page = pages[id];
      if (page !== undefined) link.usePage(page);
    }
    this.#choose();
    for (const link of this.#links.values()) {
      if (!link.active && link.open === 0) this.idle(link);
    }
  }

  /** Main has seen this worker's process end. */
  workerExited(worker: number): void {
    const link = this.#links.get(worker);
    if (link === undefined) return;
    this.#exited.add(worker);
    link.active = false;
    this.#choose();
    if (link.silent) this.#settle(link);
    else setTimeout(() => this.#settle(link), LAST_WORDS);
  }

  /** The app can't run: those who wait are told now, not after a timeout. */
  setBroken(reason: string | null): void {
    this.broken = reason;
    if (reason === null) return;
    const waiting = [...this.shares.values()].flatMap((share) => share.clear());
    for (const request of [...this.#queue.take(Number.POSITIVE_INFINITY), ...waiting])
      this.#turnAway(request, "unavailable", "The application can't be started at present");
  }

  /** Drops every connection and answers what waits: the app is no longer configured. */
  close(): void {
    this.setBroken("the app was removed");
    this.deadlines.stop();
    for (const link of this.#links.values()) link.destroy();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** The edge stops: WebSockets are closed, which would never end by themselves. */
  goAway(): void {
    for (const link of this.#links.values()) link.goAway();
  }

  // --- LinkOwner ---

  roomChanged(): void {
    if (this.#queue.length > 0) this.#schedule();
  }

  idle(link: WorkerLink): void {
    if (this.#links.get(link.id) === link && !this.#exited.has(link.id)) this.#owner.workerIdle(link.id);
  }

  connected(link: WorkerLink): void {
    this.#choose();
    this.#owner.workerConnected(link.id);
  }

  warn(message: string): void {
    this.#owner.warn(message);
  }

  /** An exchange of this pool was answered, by whatever way. */
  finished(request: AppRequest): void {
    this.inFlight--;
    if (request.share !== null) this.#released(request, request.share);
  }

  // --- WatchOwner ---

  late(link: WorkerLink, request: AppRequest, ran: number): void {
    link.interrupt(request.stream);
    if (request.gone) return;
    const { method, target } = request.exchange;
    this.overdue++;
    this.warn(`${method} ${target} is past its deadline after ${Math.round(ran)} ms in worker ${link.id}: 504`);
    tellNow(request, 504, "The application took too long to answer");
  }

  waitedInVain(request: AppRequest): void {
    this.rejections.queue_timeout++;
    tellNow(request, 503, WAITED_TOO_LONG);
  }

  condemn(link: WorkerLink, why: string): void {
    this.condemned++;
    this.#owner.workerOverdue(link.id, why);
  }

  openness(): void {
    this.#choose();
  }

  // --- internal ---

  #choose(): void {
    this.#usable = [];
    for (const link of this.#links.values()) {
      const isWanted = this.#active.includes(link.id) && !this.#exited.has(link.id);
      link.active = isWanted && link.complete && !link.closed && !link.condemned;
      if (link.active) this.#usable.push(link);
    }
    if (this.#usable.length > 0) this.loops = this.#usable.every((link) => link.loop);
    this.roomChanged();
  }

  // Once a turn of the event loop: what was read from all clients in it travels together.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#dispatch);
  }

  readonly #dispatch = (): void => {
    this.#scheduled = false;
    const now = performance.now();
    const links = this.#usable;
    while (this.#queue.length > 0) {
      let best: WorkerLink | null = null;
      let room = 0;
      for (const link of links) {
        const here = link.room();
        if (here > room) {
          room = here;
          best = link;
        }
      }
      if (best === null) break;
      const share = Math.max(1, Math.ceil(this.#queue.length / links.length));
      const list = this.#queue.take(Math.min(room, share));
      for (const request of list) {
        request.stream = this.#nextStream();
        request.exchange.queued = now - request.waitingSince;
      }
      best.send(list, now);
    }
    if (this.#timer === null && this.#needsWatch()) this.#timer = setInterval(this.#watch, 1);
  };

  #nextStream(): number {
    this.#lastStream = this.#lastStream === 0xffffffff ? 1 : this.#lastStream + 1;
    return this.#lastStream;
  }

  // Runs only while somebody may need help or waits too long, so that an idle edge sleeps.
  readonly #watch = (): void => {
    const now = performance.now();
    for (const link of this.#usable) link.watch(now);
    for (const request of this.#queue.expired(now, this.queueTimeout))
      this.#turnAway(request, "queue_timeout", WAITED_TOO_LONG);
    for (const share of this.shares.values())
      for (const request of share.expired(now)) this.#turnAway(request, "queue_timeout", WAITED_TOO_LONG);
    if (this.#queue.length > 0) this.#schedule();
    else if (!this.#needsWatch()) {
      clearInterval(this.#timer!);
      this.#timer = null;
    }
  };

  #needsWatch(): boolean {
    if (this.#queue.length > 0 || this.#usable.some((link) => link.mayNeedHelp)) return true;
    for (const share of this.shares.values()) if (share.queued > 0) return true;
    return false;
  }

  /** One that has waited. */
  #turnAway(request: AppRequest, why: Rejection, reason: string): void {
    this.finished(request);
    this.#reject(request, why, reason);
  }

  #reject(request: AppRequest, why: Rejection, reason: string): void {
    this.rejections[why]++;
    turnAway(request, reason);
  }

  #clientLeft(request: AppRequest): void {
    request.gone = true;
    request.left?.();
    if (request.stream !== 0) return;
    if (request.share === null || request.admitted) this.#queue.left();
    else request.share.left();
    this.#drop(request);
  }

  // The worker died or closed its connection: settled when main says which, or after a while.
  #connectionLost(link: WorkerLink): void {
    link.active = false;
    this.#choose();
    if (link.silent && this.#exited.has(link.id)) this.#settle(link);
    else setTimeout(() => this.#settle(link), EXIT_WAIT);
  }

  #settle(link: WorkerLink): void {
    if (this.#links.get(link.id) !== link) return;
    this.#links.delete(link.id);
    this.#exited.delete(link.id);
    const bereaved = bereavedOf(link);
    link.destroy();
    this.#choose();
    const again: AppRequest[] = [];
    for (const { request, outcome } of bereaved) {
      if (outcome === "moved" || outcome === "retried") {
        request.retried ||= outcome === "retried";
        again.push(request);
        continue;
      }
      if (outcome === "cut") request.answer!.fail("the worker died");
      if (outcome === "failed") {
        this.lost++;
        tellNow(request, 502, "The application's worker died while it ran this request");
      }
      this.#drop(request);
    }
    for (const request of again.reverse()) {
      this.retries++;
      request.stream = 0;
      request.left = null;
      request.body?.rewind();
      this.#queue.unshift(request);
    }
    const notes = bereaved.map(({ note }) => note);
    this.#owner.workerLost(link.id, notes);
    this.#schedule();
  }

  #drop(request: AppRequest): void {
    request.body?.close();
    this.finished(request);
  }

  #released(request: AppRequest, share: Share): void {
    if (!request.admitted) return;
    request.admitted = false;
    share.release();
    for (const next of share.admit()) this.#queue.push(next);
    if (this.#queue.length > 0) this.#schedule();
  }
}
