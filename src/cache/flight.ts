import type { CacheConfig } from "../config/route-model.ts";
import type { Exchange, ResponseBody, StreamBody } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { ResponseHead } from "../http/response-head.ts";
import { isNotModified, knownOf } from "./conditions.ts";
import { Entry, type EntryParts } from "./entry.ts";
import { FetchExchange, type FetchOwner, release } from "./fetch-exchange.ts";
import { fetchHeaders } from "./fetch-headers.ts";
import { type Fields, without } from "./fields.ts";
import { Fill, type FillOwner } from "./fill.ts";
import { type AnswerContext, entryOf, freshened, speaksOf } from "./make-entry.ts";
import { type Forward, forwardNote, type Result } from "./notes.ts";
import { helpsOnError } from "./select.ts";
import { serve, withNote } from "./serve.ts";
import type { KeepingRules } from "./storable.ts";
import { matches } from "./vary.ts";
import type { Wishes } from "./wishes.ts";

/** A client's exchange that waits for an answer. */
export interface Asker {
  readonly exchange: Exchange;
  readonly wishes: Wishes;
  readonly why: Forward;
}

/** What a flight needs of the cache of its route. */
export interface FlightParts {
  readonly key: string;
  readonly url: string;
  /** What is stored, and no longer fresh; null: nothing. */
  readonly stale: Entry | null;
  /** The answer may be kept. */
  readonly keeps: boolean;
  readonly owner: FlightOwner;
}

export interface FlightOwner {
  readonly rules: KeepingRules & Pick<CacheConfig, "maxEntry" | "wait" | "revalidate" | "status">;
  ask(fetch: FetchExchange): void;
  /** Templates see the captures and variables of the client's exchange; a copy of them where no client waits. */
  routing(exchange: Exchange, shared: boolean): object | null;
  put(entry: Entry): void;
  /** What was stored is out of date, and its successor is not to be stored. */
  drop(entry: Entry): void;
  unkept(key: string, why: "answer" | "failure"): void;
  ended(key: string, flight: Flight): void;
  noted(exchange: Exchange, result: Result): void;
  collapsed(): void;
  /** This one has to ask by itself: the flight's answer is not for it. */
  alone(asker: Asker): void;
  /** The same with the request as the client made it. */
  passOn(asker: Asker): void;
}

/** With these a stale answer may stand in for the origin's (RFC 5861 §4). */
const FAILURES = new Set([500, 502, 503, 504]);

/**
 * One request of ours to the handler, and all clients that wait for its answer (collapsed forwarding, RFC 9111 §4). The first is the
 * leader: what is not kept is for it alone, and the others ask by themselves then, all at once.
 */
export class Flight implements FetchOwner, FillOwner {
  readonly url: string;
  readonly #parts: FlightParts;
  /** As the client sent them. */
  readonly #headers: RequestHeaders;
  readonly #like: Exchange;
  readonly #leader: Asker | null;
  /** Who has nothing yet, the leader among them. */
  readonly #waiting = new Set<Asker>();
  #stale: Entry | null;
  #fetch: FetchExchange | null = null;
  #fill: Fill | null = null;
  /** What is coming in, its content apart. */
  #coming: EntryParts | null = null;
  /** Set-Cookie of the answer, where the configuration lets it be kept without: for the leader. */
  #cookies: Fields = [];
  #asked = 0;
  #timer: NodeJS.Timeout | null = null;
  #open = true;
  #keeps: boolean;
  /** The leader was handed the answer as it came. */
  #passed: Exchange | null = null;

  /** `leader` null: a stale answer is fetched anew in the background, in the manner of `like`. */
  constructor(parts: FlightParts, leader: Asker | null, like: Exchange) {
    this.#parts = parts;
    this.url = parts.url;
    this.#keeps = parts.keeps;
    this.#stale = parts.stale;
    this.#leader = leader;
    this.#like = like;
    this.#headers = like.headers;
    if (leader !== null) this.#wait(leader);
  }

  start(): void {
    const { owner } = this.#parts;
    const validates = owner.rules.revalidate ? this.#stale : null;
    const headers = fetchHeaders(this.#headers, validates);
    const routing = owner.routing(this.#like, this.#leader !== null);
    this.#asked = performance.now();
    this.#fetch = new FetchExchange(this.#like, headers, routing, this);
    owner.ask(this.#fetch);
  }

  /** Whether a request with these headers may wait for this answer. */
  suits(headers: RequestHeaders): boolean {
    return this.#open && (this.#coming === null || matches(this.#coming.variant, headers));
  }

  join(asker: Asker): void {
    const { owner } = this.#parts;
    owner.collapsed();
    this.#wait(asker);
    if (this.#fill !== null) this.#attach(asker);
    this.#timer ??= setTimeout(() => this.#tooLong(), owner.rules.wait);
  }

  /** What it brings is not to be stored any more, as a newer state is known to exist: who waits asks for that. */
  spoil(): void {
    this.#keeps = false;
    this.#end();
    this.#leave(this.#leader);
  }

  // --- the handler's side ---

  answered(head: ResponseHead, body: ResponseBody): void {
    const now = performance.now();
    const { owner } = this.#parts;
    this.#tell((exchange) => this.#copyNotes(exchange));
    const stale = this.#stale;
    if (head.status === 304 && stale !== null && owner.rules.revalidate) {
      release(body);
      return this.#validated(stale, head, now);
    }
    if (FAILURES.has(head.status) && this.#serveStale(now, head.status)) {
      release(body);
      return this.#end();
    }
    const entry = this.#keeps ? entryOf(head, body, this.#context(now)) : "it is not to be kept";
    if (typeof entry === "string") return this.#pass(head, body, entry);
    this.#cookies = head.headers.filter(([name]) => name.toLowerCase() === "set-cookie");
    if (body === null || Buffer.isBuffer(body)) return this.#store(new Entry(entry), head.status);
    this.#collect(entry, body as StreamBody);
  }

  failed(status: number, reason: string, headers: readonly (readonly [string, string])[]): void {
    if (this.#fill !== null) return this.#fill.fail(reason);
    if (this.#passed !== null) return this.#passed.fail(status, reason, headers);
    this.#tell((exchange) => this.#copyNotes(exchange));
    if (!this.#serveStale(performance.now(), status)) {
      // It is our own page, the same for all: who waited does not ask a handler again that fails.
      for (const asker of this.#take()) {
        this.#parts.owner.noted(asker.exchange, this.#result(asker, status));
        asker.exchange.fail(status, reason, headers);
      }
    }
    this.#end();
  }

  inform(head: ResponseHead): void {
    this.#tell((exchange) => exchange.inform(head));
  }

  // --- the fill's side ---

  complete(content: Buffer): void {
    this.#fill = null;
    this.#store(new Entry({ ...this.#coming!, content }), this.#coming!.status);
  }

  overflowed(): void {
    const leader = this.#leader;
    this.#parts.owner.unkept(this.#parts.key, "answer");
    // A leader that wanted a part, and waited for the whole to cut it from, gets the whole.
    if (leader !== null && this.#waiting.has(leader)) this.#give(leader);
    this.#end();
    this.#leave(null);
  }

  cut(reason: string): void {
    this.#fill = null;
    this.#parts.owner.unkept(this.#parts.key, "failure");
    this.#end();
    if (this.#serveStale(performance.now(), 502)) return;
    this.#leave(this.#leader);
    // It waited for all of it, to cut a part from it or to see its length.
    for (const { exchange } of this.#take()) exchange.fail(502, `The answer was cut: ${reason}`);
  }

  // --- internal: the answer ---

  #context(now: number): AnswerContext {
    const { owner, key } = this.#parts;
    return { key, url: this.url, headers: this.#headers, rules: owner.rules, now, asked: this.#asked };
  }

  /** A 304: the stored answer holds on, with newer fields (RFC 9111 §4.3.4). */
  #validated(stale: Entry, head: ResponseHead, now: number): void {
    if (!speaksOf(head, stale)) {
      // Of another than the stored one: all of it is asked for.
      this.#stale = null;
      return this.start();
    }
    const { entry, keeps } = freshened(stale, head, this.#context(now));
    if (!keeps) {
      this.#parts.owner.drop(stale);
      this.#keeps = false;
    }
    this.#store(entry, 304);
  }

  #store(entry: Entry, status: number): void {
    const { owner } = this.#parts;
    const keeps = this.#keeps;
    if (keeps) owner.put(entry);
    this.#end();
    const leader = this.#leader;
    const age = entry.age(performance.now());
    const left = keeps ? entry.terms.lifetime - age : null;
    const others: Asker[] = [];
    for (const asker of this.#take()) {
      const { exchange, wishes, why } = asker;
      if (asker !== leader && !this.#isFor(entry, asker)) {
        others.push(asker);
        continue;
      }
      owner.noted(exchange, this.#result(asker, status));
      const note = forwardNote(why, { status, left, collapsed: asker !== leader });
      serve(exchange, entry, wishes, age, owner.rules.status ? note : "", asker === leader ? this.#cookies : []);
    }
    for (const asker of others) owner.alone(asker);
  }

  #isFor(entry: Entry, { exchange, wishes }: Asker): boolean {
    if (!this.#keeps) return false;
    return matches(entry.variant, exchange.headers) && (!wishes.authorised || entry.terms.shared);
  }

  #collect(parts: EntryParts, body: StreamBody): void {
    this.#coming = parts;
    const fill = new Fill(body, this.#parts.owner.rules.maxEntry, this);
    this.#fill = fill;
    for (const asker of [...this.#waiting]) {
      if (asker !== this.#leader && !matches(parts.variant, asker.exchange.headers)) {
        this.#remove(asker);
        this.#parts.owner.alone(asker);
      } else this.#attach(asker);
    }
    // Whatever of the above let the last one go, the answer comes and is kept.
    fill.start();
  }

  /**
   * Lets a client read along. Where the length is not known this is for the leader alone: who could not be answered from an entry
   * after all would have begun to read something larger than what is kept for it.
   */
  #attach(asker: Asker): void {
    const parts = this.#coming!;
    const { exchange, wishes } = asker;
    if (asker !== this.#leader && this.#fill!.length < 0) return;
    if (exchange.method !== "GET") return;
    if (wishes.special?.range !== undefined) return;
    if (wishes.special !== null && isNotModified(wishes.special, knownOf(parts.status, parts.fields))) return;
    this.#give(asker);
  }

  #give(asker: Asker): void {
    const { owner } = this.#parts;
    const parts = this.#coming!;
    const { exchange, why } = asker;
    this.#remove(asker);
    const entry = new Entry(parts);
    const age = entry.age(performance.now());
    const collapsed = asker !== this.#leader;
    const note = forwardNote(why, { status: parts.status, left: parts.terms.lifetime - age, collapsed });
    owner.noted(exchange, this.#result(asker, parts.status));
    const head = entry.head(age, owner.rules.status ? note : "", collapsed ? [] : this.#cookies);
    exchange.respond(head, this.#fill!.reader());
  }

  /** Not kept: for the leader as it came; the others ask by themselves. */
  #pass(head: ResponseHead, body: ResponseBody, detail: string): void {
    const { owner, key } = this.#parts;
    if (this.#keeps) owner.unkept(key, "answer");
    if (this.#stale !== null && head.status < 500 && this.#keeps) owner.drop(this.#stale);
    this.#end();
    const leader = this.#leader;
    if (leader === null || !this.#waiting.has(leader)) {
      release(body);
      return this.#leave(null);
    }
    this.#remove(leader);
    const { exchange, wishes, why } = leader;
    const stream = body !== null && !Buffer.isBuffer(body);
    if (wishes.special?.range !== undefined && stream && head.status === 200) {
      // It asked for a part of something large: it asks once more, for that part.
      release(body);
      owner.passOn(leader);
      return this.#leave(leader);
    }
    owner.noted(exchange, this.#result(leader, head.status));
    this.#passed = exchange;
    exchange.onAbort = () => this.#fetch?.abort();
    const note = owner.rules.status ? forwardNote(why, { status: head.status, detail }) : "";
    if (wishes.special !== null && isNotModified(wishes.special, knownOf(head.status, head.headers))) {
      release(body);
      exchange.respond(new ResponseHead(304, without(withNote(head, note).headers, CONTENT)), null);
    } else exchange.respond(withNote(head, note), body);
    this.#leave(leader);
  }

  /** Answers everyone who may have it with what is stored, if that is allowed. Returns whether nobody is left. */
  #serveStale(now: number, status: number): boolean {
    const stale = this.#stale;
    if (stale === null) return false;
    const age = stale.age(now);
    if (this.#leader === null && helpsOnError(stale, null, age)) return this.#waiting.size === 0;
    for (const asker of [...this.#waiting]) {
      const { exchange, wishes, why } = asker;
      if (!helpsOnError(stale, wishes, age) || !matches(stale.variant, exchange.headers)) continue;
      this.#remove(asker);
      this.#parts.owner.noted(exchange, "STALE");
      const note = forwardNote(why, { status, detail: "stale-if-error" });
      serve(exchange, stale, wishes, age, this.#parts.owner.rules.status ? note : "");
    }
    return this.#waiting.size === 0;
  }

  // --- internal: who waits ---

  #wait(asker: Asker): void {
    this.#waiting.add(asker);
    asker.exchange.onAbort = () => this.#left(asker);
  }

  /** The client is gone. What nobody waits for is not fetched; but what has begun to come, and is kept, may as well come. */
  #left(asker: Asker): void {
    if (!this.#waiting.delete(asker) || this.#waiting.size > 0 || this.#leader === null || this.#fill !== null) return;
    this.#fetch?.abort();
    this.#end();
  }

  #tooLong(): void {
    this.#timer = null;
    this.#leave(this.#leader);
  }

  /** All that wait, but for this one, ask by themselves. */
  #leave(except: Asker | null): void {
    for (const asker of [...this.#waiting]) {
      if (asker === except) continue;
      this.#remove(asker);
      this.#parts.owner.alone(asker);
    }
  }

  #take(): readonly Asker[] {
    const all = [...this.#waiting];
    for (const asker of all) this.#remove(asker);
    return all;
  }

  #remove(asker: Asker): void {
    this.#waiting.delete(asker);
    asker.exchange.onAbort = null;
  }

  #tell(say: (exchange: Exchange) => void): void {
    for (const { exchange } of this.#waiting) say(exchange);
  }

  #copyNotes(exchange: Exchange): void {
    exchange.app = this.#fetch!.app;
    exchange.queued = this.#fetch!.queued;
  }

  #result({ why }: Asker, status: number): Result {
    if (why === "bypass") return "BYPASS";
    if (this.#stale === null) return "MISS";
    return status === 304 ? "REVALIDATED" : "EXPIRED";
  }

  /** Nobody joins any more. */
  #end(): void {
    this.#open = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#parts.owner.ended(this.#parts.key, this);
  }
}

// --- internal ---

const CONTENT = new Set(["content-length", "content-type", "content-encoding", "content-language", "content-range"]);
