import type { CacheConfig } from "../config/route-model.ts";
import type { Exchange, Handler, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { knownState, RequestState, setVariable, stateOf } from "../template/request-state.ts";
import type { CompiledTemplate } from "../template/template.ts";
import type { Entry } from "./entry.ts";
import type { FetchExchange } from "./fetch-exchange.ts";
import { firstOf } from "./fields.ts";
import { type Asker, Flight, type FlightOwner } from "./flight.ts";
import { type Forward, forwardNote, hitNote, type Result } from "./notes.ts";
import { selectEntry, useOf } from "./select.ts";
import { serve } from "./serve.ts";
import type { Shelf } from "./shelf.ts";
import type { CacheStores } from "./stores.ts";
import { authorityOf, sameOrigin, urlOf } from "./url.ts";
import { wishesOf, withoutDirectives } from "./wishes.ts";

type Test = (exchange: Exchange) => boolean;

/** What the cache of a route is made from. */
export interface CacheParts {
  readonly config: CacheConfig;
  readonly stores: CacheStores;
  /** Bytes of the store, where it is not there yet. */
  readonly size: number;
  /** Keeps entries of this route and handler apart from those of others. */
  readonly zone: string;
  /** null: by the URL. */
  readonly key: CompiledTemplate | null;
  readonly bypass: readonly Test[];
  readonly refresh: readonly Test[];
  readonly noStore: readonly Test[];
  /** Some template asks for `{cache_status}` or `{upstream_cache_status}`. */
  readonly notes: boolean;
}

/** Methods that change nothing (RFC 9110 §9.2.1, and of WebDAV); all others make what is stored for their URL invalid. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY"]);

/** Answers from what is stored, else by asking the handler behind it (RFC 9111, docs/cache.md). On a hit: one look-up and the answer. */
export class CacheHandler implements Handler, FlightOwner {
  readonly rules: CacheConfig;
  readonly #parts: CacheParts;
  readonly #next: Handler;
  readonly #shelf: Shelf;
  readonly #prefixes: { readonly plain: string; readonly secure: string };
  readonly #takesHead: boolean;
  readonly #takesGet: boolean;
  /** Conditions to try before anything is looked up. */
  readonly #conditional: boolean;

  constructor(parts: CacheParts, next: Handler) {
    const { config, stores, zone } = parts;
    this.#parts = parts;
    this.#next = next;
    this.rules = config;
    this.#shelf = stores.shelf(config.store, parts.size);
    this.#prefixes = { plain: `${zone} http://`, secure: `${zone} https://` };
    this.#takesGet = config.methods.includes("GET");
    this.#takesHead = config.methods.includes("HEAD");
    this.#conditional = parts.bypass.length > 0 || parts.refresh.length > 0;
  }

  handle(exchange: Exchange): void {
    const { method } = exchange;
    if (!(method === "GET" ? this.#takesGet : method === "HEAD" && this.#takesHead)) return this.#otherMethod(exchange);
    let wishes = wishesOf(exchange.headers);
    if (!wishes.plain && !this.rules.requestDirectives) wishes = withoutDirectives(wishes);
    const { bypass, refresh } = this.#parts;
    if (exchange.body.length !== 0 || exchange.upgradable || (this.#conditional && holds(bypass, exchange)))
      return this.#pass(exchange, "bypass");
    if (wishes.forOrigin || wishes.noStore) return this.#pass(exchange, "request");
    const key = this.#key(exchange);
    const entries = this.#shelf.store.get(key);
    const entry = entries.length === 0 ? null : selectEntry(entries, exchange.headers);
    const refreshes = this.#conditional && holds(refresh, exchange);
    if (entry === null || refreshes || (wishes.authorised && !entry.terms.shared)) {
      const why = refreshes ? "bypass" : entry !== null ? "request" : entries.length > 0 ? "vary-miss" : "uri-miss";
      return this.#miss({ exchange, wishes, why }, key, refreshes);
    }
    const { store, results } = this.#shelf;
    // The head was complete a moment ago; exact enough for whole seconds.
    const age = entry.age(exchange.began);
    const use = useOf(entry, wishes, age);
    if (use === "validate") return this.#validate({ exchange, wishes, why: "stale" }, key, entry);
    store.used(entry);
    if (use === "fresh" && wishes.special === null && !this.#parts.notes) {
      results.HIT.value++;
      exchange.respond(entry.hit(age, this.rules.status), entry.content);
      return;
    }
    this.noted(exchange, use === "fresh" ? "HIT" : use === "stale" ? "STALE" : "UPDATING");
    if (use === "updating") this.#update(exchange, key, entry);
    serve(exchange, entry, wishes, age, this.rules.status ? hitNote(entry.terms.lifetime - age) : "");
  }

  // --- the flights' side ---

  ask(fetch: FetchExchange): void {
    this.#next.handle(fetch);
  }

  routing(exchange: Exchange, shared: boolean): object | null {
    if (shared) return stateOf(exchange);
    const state = knownState(exchange);
    if (state === null) return null;
    const copy = new RequestState();
    copy.captures = state.captures;
    for (const [name, value] of state.variables) copy.variables.set(name, value);
    return copy;
  }

  put(entry: Entry): void {
    this.#shelf.put(entry);
  }

  drop(entry: Entry): void {
    this.#shelf.store.remove(entry);
  }

  unkept(key: string, why: "answer" | "failure"): void {
    this.#shelf.setUnkept(key, performance.now(), why);
  }

  ended(key: string, flight: Flight): void {
    this.#shelf.ended(key, flight);
  }

  noted(exchange: Exchange, result: Result): void {
    this.#shelf.results[result].value++;
    if (!this.#parts.notes) return;
    setVariable(exchange, "upstream_cache_status", result);
    setVariable(exchange, "cache_status", result);
  }

  collapsed(): void {
    this.#shelf.metrics.collapsed.value++;
  }

  alone(asker: Asker): void {
    const key = this.#key(asker.exchange);
    const stale = selectEntry(this.#shelf.store.get(key), asker.exchange.headers);
    this.#fly(asker, key, stale, false);
  }

  passOn({ exchange, why }: Asker): void {
    this.#pass(exchange, why);
  }

  // --- internal ---

  /** The path alone may hold a line's end, so that no key can be taken for another. */
  #key(exchange: Exchange): string {
    const { key } = this.#parts;
    if (key !== null) return key.evaluate(exchange);
    const { plain, secure } = this.#prefixes;
    const authority = authorityOf(exchange);
    const url = (exchange.client.secure ? secure : plain) + authority + exchange.target;
    // What the handler is told instead decides about its answer as well.
    const told = exchange.headers.get("host") ?? authority;
    const other = told === authority ? "" : told;
    if (exchange.rewritten) return `${url}\n${other}\n${exchange.path}\n${exchange.query}`;
    return other === "" ? url : `${url}\n${other}`;
  }

  #miss(asker: Asker, key: string, refreshes: boolean): void {
    const { exchange, wishes, why } = asker;
    if (wishes.onlyIfCached) return this.#notCached(exchange);
    // Nothing of an answer without content can be kept.
    if (exchange.method === "HEAD") return this.#pass(exchange, why);
    const { minUses } = this.rules;
    if (minUses > 1 && this.#shelf.countUse(key) < minUses) return this.#pass(exchange, why);
    this.#request(asker, key, null, refreshes);
  }

  #validate(asker: Asker, key: string, entry: Entry): void {
    if (asker.wishes.onlyIfCached) return this.#notCached(asker.exchange);
    const fresh = entry.terms.lifetime > entry.age(asker.exchange.began);
    this.#request(fresh && !entry.terms.noCache ? { ...asker, why: "request" } : asker, key, entry, false);
  }

  /** Waits for an answer that is under way to another, or fetches one. */
  #request(asker: Asker, key: string, stale: Entry | null, refreshes: boolean): void {
    const { exchange, wishes } = asker;
    const collapses = this.rules.wait > 0 && !wishes.authorised && !refreshes;
    if (collapses) {
      for (const flight of this.#shelf.flights(key)) if (flight.suits(exchange.headers)) return flight.join(asker);
    }
    const unkept = this.#shelf.isUnkept(key, performance.now());
    // Such an answer is most likely for this client alone, and the origin the one to judge its conditions.
    if (unkept && wishes.special !== null && stale === null) return this.#pass(exchange, asker.why);
    this.#fly(asker, key, stale, collapses && !unkept);
  }

  #fly(asker: Asker, key: string, stale: Entry | null, shared: boolean): void {
    const { exchange } = asker;
    const keeps = !holds(this.#parts.noStore, exchange);
    const flight = new Flight({ key, url: urlOf(exchange), stale, keeps, owner: this }, asker, exchange);
    if (shared && keeps) this.#shelf.began(key, flight);
    flight.start();
  }

  /** Fetches anew in the background, unless that is under way. */
  #update(exchange: Exchange, key: string, stale: Entry): void {
    for (const flight of this.#shelf.flights(key)) if (flight.suits(exchange.headers)) return;
    const flight = new Flight({ key, url: stale.url, stale, keeps: true, owner: this }, null, exchange);
    this.#shelf.began(key, flight);
    flight.start();
  }

  #notCached(exchange: Exchange): void {
    this.noted(exchange, "MISS");
    exchange.fail(504, "There is no stored answer that may be used");
  }

  #otherMethod(exchange: Exchange): void {
    if (!SAFE.has(exchange.method)) exchange.filter(new Invalidation(this.#parts.stores, urlOf(exchange)));
    this.#pass(exchange, "method");
  }

  /** As if there were no cache. */
  #pass(exchange: Exchange, why: Forward): void {
    this.noted(exchange, why === "uri-miss" || why === "vary-miss" ? "MISS" : "BYPASS");
    if (this.rules.status) exchange.filter(FORWARDED[why]);
    this.#next.handle(exchange);
  }
}

// --- internal ---

function holds(tests: readonly Test[], exchange: Exchange): boolean {
  for (const test of tests) if (test(exchange)) return true;
  return false;
}

/** Says on the answer that the cache had no part in it. */
class ForwardFilter implements ResponseFilter {
  readonly #field: readonly [string, string];

  constructor(why: Forward) {
    this.#field = ["Cache-Status", forwardNote(why, {})];
  }

  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void {
    exchange.respond(new ResponseHead(head.status, [...head.headers, this.#field], head.reason), body);
  }

  fail(exchange: Exchange, status: number, reason: string, headers: readonly (readonly [string, string])[]): void {
    exchange.fail(status, reason, headers);
  }
}

const FORWARDED: Readonly<Record<Forward, ForwardFilter>> = {
  "uri-miss": new ForwardFilter("uri-miss"),
  "vary-miss": new ForwardFilter("vary-miss"),
  stale: new ForwardFilter("stale"),
  request: new ForwardFilter("request"),
  bypass: new ForwardFilter("bypass"),
  method: new ForwardFilter("method"),
};

/** After an unsafe request that did not fail, what is stored for its URL, and for those that its answer names, is gone (RFC 9111 §4.4). */
class Invalidation implements ResponseFilter {
  readonly #stores: CacheStores;
  readonly #url: string;

  constructor(stores: CacheStores, url: string) {
    this.#stores = stores;
    this.#url = url;
  }

  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void {
    if (head.status < 400) {
      this.#stores.invalidate(this.#url);
      for (const name of ["location", "content-location"]) {
        const reference = firstOf(head.headers, name);
        const url = reference === undefined ? null : sameOrigin(this.#url, reference);
        if (url !== null) this.#stores.invalidate(url);
      }
    }
    exchange.respond(head, body);
  }

  fail(exchange: Exchange, status: number, reason: string, headers: readonly (readonly [string, string])[]): void {
    exchange.fail(status, reason, headers);
  }
}
