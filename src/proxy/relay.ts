import type { Exchange, StreamBody } from "../http/exchange.ts";
import { obeyPace } from "../http/obey-pace.ts";
import { ResponseHead } from "../http/response-head.ts";
import { AnswerBody } from "../spool/answer-body.ts";
import { type AnswerWriter, Attempt, type AttemptFailure, type AttemptOwner } from "./attempt.ts";
import type { BodyFeed } from "./body-feed.ts";
import type { Choice } from "./choice.ts";
import { stickyCookie } from "./choice-key.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { Destination } from "./destination.ts";
import { PassingBody } from "./passing-body.ts";
import type { UpstreamRequest } from "./protocol.ts";
import type { ProxyRoute } from "./proxy-route.ts";
import { mayRetry, statusOf } from "./retry.ts";
import { destinationOf } from "./secure-targets.ts";
import { saidBuffering, shownAnswer } from "./shown-answer.ts";
import type { Target } from "./target.ts";
import { Tunnel } from "./tunnel.ts";
import type { Acquired, NoTarget, Upstream } from "./upstream.ts";
import { UpstreamNotes } from "./upstream-notes.ts";
import type { Waiter } from "./waiting-list.ts";

/** A kept connection may carry what must not be sent twice only if it was used within this, ms: few servers close so early. */
const FRESH = 1_000;

/** Characters of one line of a program's error output. */
const LONGEST_LINE = 8 * 1024;

const RETRY_AFTER = [["Retry-After", "1"]] as const;

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PROPFIND", "REPORT", "SEARCH"]);

/** One exchange on its way through the proxy: a target is chosen, asked, and if need be another. */
export class Relay implements AttemptOwner {
  readonly #route: ProxyRoute;
  readonly #exchange: Exchange;
  readonly #upstream: Upstream;
  readonly #request: UpstreamRequest;
  readonly #feed: BodyFeed;
  readonly #idempotent: boolean;
  readonly #key: string;
  #tried: readonly Target[] = NONE;
  #tries = 0;
  #attempt: Attempt | null = null;
  /** The last that was asked. */
  #target: Target | null = null;
  #waiter: Waiter | null = null;
  /** The next try has to be on a connection of its own. */
  #fresh = false;
  #since = 0;
  #status = 0;
  #over = false;
  readonly #notes: UpstreamNotes | null;

  constructor(
    route: ProxyRoute,
    exchange: Exchange,
    upstream: Upstream,
    request: UpstreamRequest,
    feed: BodyFeed,
    key: string,
  ) {
    this.#route = route;
    this.#exchange = exchange;
    this.#upstream = upstream;
    this.#request = request;
    this.#feed = feed;
    this.#key = key;
    const { note } = route.parts;
    this.#notes = note === null ? null : new UpstreamNotes(exchange, note);
    this.#idempotent = IDEMPOTENT.has(request.method);
  }

  start(): void {
    this.#exchange.onAbort = () => this.#abort();
    this.#since = performance.now();
    this.#next(this.#since);
  }

  // --- the attempt's side ---

  opening(target: Target): void {
    this.#upstream.makeRoom(target);
  }

  takeKept(target: Target, key: string): UpstreamConnection | null {
    const since = this.#idempotent ? 0 : performance.now() - FRESH;
    return this.#upstream.takeIdle(target, key, since);
  }

  connected(): void {
    this.#notes?.connected(performance.now());
  }

  heard(head: ResponseHead): void {
    this.#notes?.answered(head, performance.now());
  }

  inform(head: ResponseHead): void {
    this.#exchange.inform(head);
  }

  rejects(status: number): boolean {
    if (!this.#route.retryOn.has(String(status))) return false;
    const now = performance.now();
    const { target } = this.#attempt!;
    return this.#mayGoOn(String(status), true, now) && this.#upstream.couldServe(this.#choice(target), now);
  }

  rejected(attempt: Attempt, status: number): void {
    this.#giveBack(attempt);
    this.#noteEnd(attempt, performance.now(), status);
    // A target without what was asked for is well, as NGINX has it too.
    if (status === 403 || status === 404) this.#say(attempt.target, `answered ${status}`);
    else this.#blame(attempt.target, "status", `answered ${status}`);
    this.#status = 502;
    this.#retry(attempt.target);
  }

  answeredWhole(head: ResponseHead, body: Buffer | null): void {
    this.#exchange.onAbort = null;
    this.#exchange.respond(this.#shown(head), body);
  }

  answered(attempt: Attempt, head: ResponseHead, length: number): AnswerWriter {
    const { config, parts } = this.#route;
    const producer = {
      pause: () => attempt.pause(),
      resume: () => attempt.resume(),
      abandon: () => this.#abort(),
    };
    const body: StreamBody & AnswerWriter =
      (saidBuffering(head) ?? config.buffering)
        ? new AnswerBody(length, parts.memoryLimit, parts.fileLimit, producer)
        : new PassingBody(length, producer);
    this.#exchange.respond(this.#shown(head), body);
    return body;
  }

  switched(attempt: Attempt, head: ResponseHead, connection: UpstreamConnection, first: Buffer[]): void {
    const { target } = attempt;
    const ended = (): void => {
      this.#over = true;
      this.#giveBack(attempt);
    };
    const tunnel = new Tunnel(connection, first, this.#route.config.tunnel, target.metrics.tunnels, ended);
    connection.user = tunnel;
    this.#feed.close();
    target.succeeded(performance.now());
    this.#exchange.onAbort = () => tunnel.close();
    this.#exchange.tunnel(this.#shown(head), (client) => tunnel.attach(client));
  }

  failed(attempt: Attempt, kind: AttemptFailure, reason: string): void {
    const { target, kept, heard, sent } = attempt;
    this.#noteEnd(attempt, performance.now(), statusOf(kind));
    this.#giveBack(attempt);
    if (kind === "refused") {
      this.#say(target, reason);
      this.#fail(500, reason);
      return;
    }
    const now = performance.now();
    const again = this.#feed.replayable && (this.#idempotent || this.#route.retryOn.has("non-idempotent"));
    // The target closed a kept connection while the request was on its way to it, as it may: no failure of it.
    if (kind === "error" && kept && !heard && again) {
      this.#fresh = true;
      this.#ask(target, now);
      return;
    }
    this.#blame(target, kind === "timeout" ? "timeout" : !sent ? "connect" : heard ? "answer" : "closed", reason);
    if (!sent) this.#upstream.unreachable(target);
    this.#status = statusOf(kind);
    if (this.#mayGoOn(kind, sent, now)) this.#retry(target);
    else this.#fail(this.#status, `the upstream ${kind === "timeout" ? "took too long" : "failed"}`);
  }

  finished(
    attempt: Attempt,
    reusable: boolean,
    failure: string | null,
    trailers: readonly (readonly [string, string])[],
  ): void {
    const now = performance.now();
    const { target, connection } = attempt;
    if (reusable && connection !== null) this.#upstream.keep(target, connection, now);
    this.#giveBack(attempt);
    this.#noteEnd(attempt, now, 502);
    this.#notes?.trailers(trailers);
    this.#feed.close();
    this.#over = true;
    if (failure === null) target.succeeded(now);
    else this.#blame(target, "answer", failure);
  }

  clientBodyFailed(status: number, reason: string): void {
    if (this.#attempt !== null) this.#giveBack(this.#attempt);
    this.#fail(status, reason);
  }

  // A line of the log is one line of the program's: it can't end ours and begin one that looks like ours.
  said(text: string): void {
    const { target } = this.#attempt!;
    for (const line of text.split(/[\r\n]+/)) if (line !== "") this.#say(target, line.slice(0, LONGEST_LINE));
  }

  // --- internal ---

  #noteEnd(attempt: Attempt, now: number, status: number): void {
    this.#notes?.ended(now, status, attempt.bodyBytes, attempt.moved);
  }

  #choice(also: Target | null): Choice {
    return { key: this.#key, tried: also === null ? this.#tried : [...this.#tried, also] };
  }

  #next(now: number): void {
    const choice = this.#tried === NONE && this.#key === "" ? ANY : this.#choice(null);
    const acquired: Acquired = (target, why) => {
      const waited = this.#waiter !== null;
      this.#waiter = null;
      const then = waited ? performance.now() : now;
      if (waited) this.#exchange.queued = then - this.#since;
      if (target === null) this.#noTarget(why!);
      else this.#use(target, then);
    };
    const waiter = this.#upstream.acquire(choice, now, acquired, this.#route.config.connectTimeout);
    if (waiter !== null) this.#waiter = waiter;
  }

  #ask(target: Target, now: number): void {
    target.taken(now);
    this.#use(target, now);
  }

  #use(target: Target, now: number): void {
    const { protocol, config } = this.#route;
    this.#tries++;
    this.#notes?.asked(target.text, now);
    const attempt = new Attempt(this, target, protocol, this.#request, this.#feed, config);
    this.#attempt = attempt;
    this.#target = target;
    attempt.start(this.#destination(target), now, this.#fresh);
  }

  #destination(target: Target): Destination {
    const { secure, protocol } = this.#route;
    if (secure !== null) return destinationOf(target, "", secure, this.#exchange);
    // Routes may speak different protocols to the targets of one upstream.
    if (target.plain?.key !== protocol.name) target.plain = destinationOf(target, protocol.name, null, null);
    return target.plain;
  }

  #mayGoOn(kind: string, sent: boolean, now: number): boolean {
    const { config, retryOn } = this.#route;
    const targets = this.#upstream.targets.length;
    return mayRetry(
      { kind, sent, tries: this.#tries, targets, elapsed: now - this.#since },
      { idempotent: this.#idempotent, replayable: this.#feed.replayable },
      retryOn,
      config.retry,
    );
  }

  #retry(failed: Target): void {
    this.#tried = [...this.#tried, failed];
    this.#fresh = false;
    this.#next(performance.now());
  }

  #noTarget(why: NoTarget): void {
    if (this.#status !== 0) {
      this.#fail(this.#status, "no other upstream is left");
      return;
    }
    const busy = why === "full" || why === "waited";
    this.#warn(NO_TARGET[why]);
    if (busy) this.#fail(503, "The upstream is busy", RETRY_AFTER);
    else this.#fail(502, "no upstream can be used");
  }

  /** The attempt is over: its target has one less. */
  #giveBack(attempt: Attempt): void {
    if (this.#attempt !== attempt) return;
    this.#attempt = null;
    this.#upstream.release(attempt.target);
  }

  #fail(status: number, reason: string, headers: readonly (readonly [string, string])[] = []): void {
    if (this.#over) return;
    this.#over = true;
    this.#feed.close();
    this.#exchange.onAbort = null;
    if (!this.#exchange.aborted) this.#exchange.fail(status, reason, headers);
  }

  #abort(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#waiter !== null) this.#upstream.cancel(this.#waiter);
    this.#waiter = null;
    const attempt = this.#attempt;
    attempt?.abandon();
    if (attempt !== null) this.#giveBack(attempt);
    this.#feed.close();
  }

  #shown(head: ResponseHead): ResponseHead {
    const target = this.#target;
    const shown = shownAnswer(head, this.#route.rules, this.#exchange);
    if (this.#route.config.accel) obeyPace(head, this.#exchange);
    const config = this.#upstream.config;
    if (target === null || config?.balance !== "sticky" || this.#key === target.id) return shown;
    const cookie = stickyCookie(config.key, target.id, this.#exchange.client.secure);
    return new ResponseHead(shown.status, [...shown.headers, ["Set-Cookie", cookie]], shown.reason);
  }

  #blame(target: Target, kind: "connect" | "timeout" | "closed" | "answer" | "status", reason: string): void {
    const out = target.failed(kind, performance.now());
    this.#say(target, reason);
    if (out && this.#upstream.targets.length > 1)
      this.#warn(`${target.text} is left out for ${target.config.failTimeout} ms`);
  }

  #say(target: Target, reason: string): void {
    this.#warn(`${target.text}: ${reason}`);
  }

  #warn(message: string): void {
    const { client, method, target } = this.#exchange;
    this.#route.parts.log.warn(`upstream ${this.#upstream.name}: ${message}`, {
      request: `${method} ${target}`,
      client: client.address,
    });
  }
}

const NONE: readonly Target[] = [];
const ANY: Choice = { key: "", tried: NONE };

const NO_TARGET: Record<NoTarget, string> = {
  unresolved: "there is no address of any target",
  none: "no target can be used",
  full: "every target has as many requests as it may",
  waited: "no target was free in time",
};
