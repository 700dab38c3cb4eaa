import type { Log } from "../base/log.ts";
import type { StaticConfig } from "../config/model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { encodePath, encodeQuery } from "../http/percent-encode.ts";
import { ResponseHead } from "../http/response-head.ts";
import { answerFromFile, answerFromMemory, answerWithoutContent } from "./answer.ts";
import type { Found, Shelf, StaticCache } from "./cache.ts";
import { chooseForm, decide } from "./decide.ts";
import { type Failure, NOT_FOUND, REASONS } from "./failure.ts";
import { isCurrent, type LookUp, lookUp, openForm } from "./look-up.ts";
import { closeFile } from "./open-file.ts";
import { relativePath } from "./relative-path.ts";
import type { Representation } from "./representation.ts";
import { type Wishes, wishesOf } from "./wishes.ts";

/** A handler that serves the files under `config.root` (docs/static.md). `log` hears of files that exist but can't be served. */
export function createStaticHandler(config: StaticConfig, cache: StaticCache, log?: Log): Handler {
  return new StaticHandler(config, cache, log);
}

/** What was found is served this long without another look at the file system, in ms. */
const TRUSTED = 1000;

class StaticHandler implements Handler {
  readonly #config: StaticConfig;
  readonly #cache: StaticCache;
  readonly #shelf: Shelf;
  readonly #log: Log | undefined;
  /** Look-ups under way by path, so that a rush for one file looks once. */
  readonly #pending = new Map<string, Promise<LookUp>>();
  #complaints = { since: 0, count: 0 };

  constructor(config: StaticConfig, cache: StaticCache, log: Log | undefined) {
    this.#config = config;
    this.#cache = cache;
    this.#shelf = cache.createShelf();
    this.#log = log;
  }

  /** On a hit: two look-ups in maps and the answer, in this very call. */
  handle(exchange: Exchange): void {
    const { method } = exchange;
    if (method !== "GET" && method !== "HEAD") {
      exchange.fail(405, "Files can be read only", [["Allow", "GET, HEAD"]]);
      return;
    }
    const found = this.#cache.get(this.#shelf, exchange.path);
    if (found !== undefined && exchange.began - found.checked < TRUSTED) {
      this.#serve(exchange, found);
      return;
    }
    this.#look(exchange).catch((error: unknown) => {
      this.#log?.error("can't serve a file", { path: exchange.path, error: String(error) });
      exchange.fail(500, REASONS[500]);
    });
  }

  #serve(exchange: Exchange, found: Found): void {
    const wishes = wishesOf(exchange.headers);
    const form = chooseForm(found, wishes);
    if (wishes.special === null && form.body !== null) {
      exchange.respond(form.head, form.body);
      return;
    }
    const decision = decide(exchange.method, wishes, form);
    if (answerWithoutContent(exchange, form, decision)) return;
    if (form.body !== null) {
      answerFromMemory(exchange, form, form.body, decision);
      return;
    }
    this.#stream(exchange, form, found.variants.length > 0, wishes).catch((error: unknown) => {
      this.#log?.error("can't send a file", { path: exchange.path, error: String(error) });
      exchange.fail(500, REASONS[500]);
    });
  }

  async #look(exchange: Exchange): Promise<void> {
    const relative = relativePath(exchange.path, this.#config.strip, this.#config.dotfiles);
    if (relative === null) {
      this.#fail(exchange, NOT_FOUND);
      return;
    }
    // Kept under one name, however many slashes a client puts between segments.
    const key = exchange.path.replace(/\/{2,}/g, "/");
    let result: LookUp;
    // A look-up under way may have begun long before this exchange; one that this exchange begins is never too old for it.
    do result = await this.#find(key, relative);
    while (result.kind === "file" && exchange.began - result.found.checked >= TRUSTED);
    if (result.kind === "file") {
      this.#serve(exchange, result.found);
    } else if (result.kind === "slash") {
      const query = exchange.query === "" ? "" : `?${encodeQuery(exchange.query)}`;
      exchange.respond(new ResponseHead(301, [["Location", `${encodePath(exchange.path)}/${query}`]]), null);
    } else {
      this.#fail(exchange, result);
    }
  }

  #find(key: string, relative: string): Promise<LookUp> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const begun = this.#refresh(key, relative).finally(() => this.#pending.delete(key));
    this.#pending.set(key, begun);
    return begun;
  }

  async #refresh(key: string, relative: string): Promise<LookUp> {
    const kept = this.#cache.get(this.#shelf, key);
    if (kept !== undefined) {
      const now = performance.now();
      if (now - kept.checked < TRUSTED) return { kind: "file", found: kept };
      if (await isCurrent(kept, now)) {
        kept.checked = now;
        return { kind: "file", found: kept };
      }
    }
    const result = await lookUp(this.#config, relative, (size) => this.#cache.admits(size));
    if (result.kind === "file") this.#cache.set(this.#shelf, key, result.found);
    else this.#cache.delete(this.#shelf, key);
    return result;
  }

  async #stream(exchange: Exchange, expected: Representation, varies: boolean, wishes: Wishes): Promise<void> {
    const opened = await openForm(this.#config, expected, varies);
    if (opened.kind === "failure") {
      this.#fail(exchange, opened);
      return;
    }
    const { fd, form } = opened;
    const decision = decide(exchange.method, wishes, form);
    if (answerWithoutContent(exchange, form, decision)) closeFile(fd);
    else answerFromFile(exchange, form, fd, decision);
  }

  #fail(exchange: Exchange, failure: Failure): void {
    if (failure.code !== null) this.#complain(exchange.path, failure.code);
    exchange.fail(failure.status, REASONS[failure.status], failure.status === 503 ? RETRY : undefined);
  }

  /** Tells the log, ten times a minute at most: clients decide how often this happens. */
  #complain(path: string, code: string): void {
    const now = performance.now();
    if (now - this.#complaints.since >= 60_000) this.#complaints = { since: now, count: 0 };
    if (this.#complaints.count++ < 10) this.#log?.warn("can't serve a file", { root: this.#config.root, path, code });
  }
}

const RETRY = [["Retry-After", "1"]] as const;
