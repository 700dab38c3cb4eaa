import type { Log } from "../base/log.ts";
import type { StaticConfig } from "../config/route-model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { encodePath, encodeQuery } from "../http/percent-encode.ts";
import { ResponseHead } from "../http/response-head.ts";
import { answerFromFile, answerFromMemory, answerWithoutContent } from "./answer.ts";
import type { Found, Shelf, StaticCache } from "./cache.ts";
import { chooseForm, decide } from "./decide.ts";
import { type Failure, NOT_FOUND, REASONS } from "./failure.ts";
import { answerListing } from "./listing.ts";
import { isCurrent, type LookUp, lookUp, openForm, type Wanted } from "./look-up.ts";
import { closeFile } from "./open-file.ts";
import { relativePath } from "./relative-path.ts";
import type { Representation } from "./representation.ts";
import { type Wishes, wishesOf } from "./wishes.ts";

/** What depends on routing, which this folder knows nothing of. */
export interface StaticRouting {
  /** The value of a template of the configuration for this exchange. */
  evaluate(template: string, exchange: Exchange): string;
  /** An internal redirect to this path (decoded, latin-1), the query kept: for `indexGoto`. */
  goto(exchange: Exchange, path: string): void;
  /** A Location that is a path as it is to be sent. */
  locate(exchange: Exchange, location: string): string;
}

/**
 * A handler that serves the files under `config.root` (docs/static.md). `log` hears of files that exist but can't be served.
 * Without `routing` templates are taken as they are written, and index files are served by this handler.
 */
export function createStaticHandler(
  config: StaticConfig,
  cache: StaticCache,
  log?: Log,
  routing: StaticRouting | null = null,
): Handler {
  return new StaticHandler(routing === null ? { ...config, indexGoto: false } : config, cache, log, routing);
}

/** What was found is served this long without another look at the file system, in ms. */
const TRUSTED = 1000;

class StaticHandler implements Handler {
  readonly #config: StaticConfig;
  readonly #cache: StaticCache;
  readonly #shelf: Shelf;
  readonly #log: Log | undefined;
  readonly #routing: StaticRouting | null;
  /** Root or file depend on the request: a file is kept under the whole path of what was found. */
  readonly #varies: boolean;
  /** Names of index files depend on the request. */
  readonly #indexVaries: boolean;
  /** Look-ups under way by path, so that a rush for one file looks once. */
  readonly #pending = new Map<string, Promise<LookUp>>();
  #complaints = { since: 0, count: 0 };

  constructor(config: StaticConfig, cache: StaticCache, log: Log | undefined, routing: StaticRouting | null) {
    this.#config = config;
    this.#routing = routing;
    this.#varies = config.file !== null || (routing !== null && /\{\w+\}/.test(config.root));
    this.#indexVaries = routing !== null && config.index.some((name) => /\{\w+\}/.test(name));
    this.#cache = cache;
    this.#shelf = cache.createShelf();
    this.#log = log;
  }

  /** On a hit: two look-ups in maps and the answer, in this very call. */
  handle(exchange: Exchange): void {
    const { method } = exchange;
    // NGINX looks before it refuses a POST: a folder without its slash is a redirect, and what isn't there is 404.
    if (method !== "GET" && method !== "HEAD" && !(method === "POST" && this.#config.indexGoto))
      return this.#refuse(exchange);
    const varies = this.#varies || (this.#indexVaries && exchange.path.endsWith("/"));
    const found = varies || method === "POST" ? undefined : this.#cache.get(this.#shelf, exchange.path);
    if (found !== undefined && exchange.began - found.checked < TRUSTED) {
      this.#serve(exchange, this.#config.root, found);
      return;
    }
    this.#look(exchange).catch((error: unknown) => {
      this.#log?.error("can't serve a file", { path: exchange.path, error: String(error) });
      exchange.fail(500, REASONS[500]);
    });
  }

  #refuse(exchange: Exchange): void {
    exchange.fail(405, "Files can be read only", [["Allow", "GET, HEAD"]]);
  }

  #serve(exchange: Exchange, root: string, found: Found): void {
    if (exchange.method === "POST") return this.#refuse(exchange);
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
    this.#stream(exchange, root, form, found.variants.length > 0, wishes).catch((error: unknown) => {
      this.#log?.error("can't send a file", { path: exchange.path, error: String(error) });
      exchange.fail(500, REASONS[500]);
    });
  }

  async #look(exchange: Exchange): Promise<void> {
    const wanted = this.#wanted(exchange);
    if (wanted === null) {
      this.#fail(exchange, NOT_FOUND);
      return;
    }
    // Kept under one name, however many slashes a client puts between segments.
    const place = this.#varies ? `${wanted.root}\0${wanted.relative}` : exchange.path.replace(/\/{2,}/g, "/");
    const key = wanted.index === this.#config.index ? place : `${place}\0${wanted.index.join("\0")}`;
    let result: LookUp;
    // A look-up under way may have begun long before this exchange; one that this exchange begins is never too old for it.
    do result = await this.#find(key, wanted);
    while (result.kind === "file" && exchange.began - result.found.checked >= TRUSTED);
    const { fallback } = this.#config;
    if (result.kind === "failure" && result.status === 404 && fallback !== null) {
      const relative = `/${fallback.replace(/^\/+/, "")}`;
      result = await this.#find(`\0${wanted.root}${relative}`, { ...wanted, relative });
    }
    await this.#answer(exchange, wanted.root, result);
  }

  async #answer(exchange: Exchange, root: string, result: LookUp): Promise<void> {
    if (exchange.aborted) return;
    switch (result.kind) {
      case "file":
        return this.#serve(exchange, root, result.found);
      case "slash": {
        const query = exchange.query === "" ? "" : `?${encodeQuery(exchange.query)}`;
        const location = `${encodePath(exchange.path)}/${query}`;
        const sent = this.#routing?.locate(exchange, location) ?? location;
        exchange.respond(new ResponseHead(301, [["Location", sent]]), null);
        return;
      }
      case "index":
        return this.#routing!.goto(exchange, indexPath(exchange.path, Buffer.from(result.name).latin1Slice()));
      case "directory": {
        const { autoindex, indexGoto } = this.#config;
        // A folder without an index file says no more than an absent one, except where NGINX was told to serve it.
        if (autoindex === "off" && indexGoto) exchange.fail(403, "This folder is not listed");
        else if (autoindex === "off") this.#fail(exchange, NOT_FOUND);
        else {
          const { exactSizes, localTimes, dotfiles } = this.#config;
          await answerListing(exchange, result.path, { format: autoindex, exactSizes, localTimes }, dotfiles);
        }
        return;
      }
      case "failure":
        this.#fail(exchange, result);
    }
  }

  /** Where to look; null: nowhere. */
  #wanted(exchange: Exchange): Wanted | null {
    const { root, file, strip, dotfiles } = this.#config;
    const relative = relativePath(exchange.path, strip, dotfiles);
    if (relative === null) return null;
    const index = this.#indexOf(exchange, relative);
    if (!this.#varies) return { root, relative, index };
    const text = file ?? root;
    const value = this.#routing === null ? text : this.#routing.evaluate(text, exchange);
    // Variables hold what a client sent: they may fill in names, not lead elsewhere.
    if (!value.startsWith("/") || value.includes("\0") || /(?:^|\/)\.\.(?:\/|$)/.test(value)) return null;
    if (file === null) return { root: value, relative, index };
    const folder = fixedFolder(file);
    return { root: folder, relative: value.slice(folder === "/" ? 0 : folder.length), index };
  }

  /** What a client sent may fill in the name of a file, not lead elsewhere. */
  #indexOf(exchange: Exchange, relative: string): readonly string[] {
    const { index } = this.#config;
    if (!this.#indexVaries || !relative.endsWith("/")) return index;
    return index.flatMap((name) => {
      const value = this.#routing!.evaluate(name, exchange);
      const leads = value.startsWith("/") && !name.startsWith("/");
      return value === "" || leads || /\0|(?:^|\/)\.\.(?:\/|$)/.test(value) ? [] : [value];
    });
  }

  #find(key: string, wanted: Wanted): Promise<LookUp> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const begun = this.#refresh(key, wanted).finally(() => this.#pending.delete(key));
    this.#pending.set(key, begun);
    return begun;
  }

  async #refresh(key: string, wanted: Wanted): Promise<LookUp> {
    const kept = this.#cache.get(this.#shelf, key);
    if (kept !== undefined) {
      const now = performance.now();
      if (now - kept.checked < TRUSTED) return { kind: "file", found: kept };
      if (await isCurrent(kept, now)) {
        kept.checked = now;
        return { kind: "file", found: kept };
      }
    }
    const result = await lookUp(this.#config, wanted, (size) => this.#cache.admits(size));
    if (result.kind === "file") this.#cache.set(this.#shelf, key, result.found);
    else this.#cache.delete(this.#shelf, key);
    return result;
  }

  async #stream(
    exchange: Exchange,
    root: string,
    expected: Representation,
    varies: boolean,
    wishes: Wishes,
  ): Promise<void> {
    const opened = await openForm(this.#config, root, expected, varies);
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

/** An index file's path: beside the folder's, or one of its own. */
function indexPath(folder: string, name: string): string {
  return name.startsWith("/") ? name : folder + name;
}

const RETRY = [["Retry-After", "1"]] as const;

/**
 * The folder that a `file` can't leave: what stands before its first variable; a link in there may lead nowhere else unless
 * `symlinks` says so. A file that is named whole is where its writer says, links or not.
 */
function fixedFolder(file: string): string {
  const variable = file.search(/\{\w+\}/);
  if (variable < 0) return "/";
  return file.slice(0, file.lastIndexOf("/", variable)) || "/";
}
