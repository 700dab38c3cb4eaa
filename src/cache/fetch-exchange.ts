import type { Client, Exchange, RequestBody, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import { NO_BODY } from "../http/http1-body.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import type { ResponseHead } from "../http/response-head.ts";

/** Who asked: told once how it ended. */
export interface FetchOwner {
  answered(head: ResponseHead, body: ResponseBody): void;
  /** No answer; or, after `answered`, the rest of it does not come. */
  failed(status: number, reason: string, headers: readonly (readonly [string, string])[]): void;
  inform(head: ResponseHead): void;
}

/**
 * A request of the cache's own to the handler behind it, made after a client's: it goes on when that client leaves, and its answer
 * is for whoever waits. Always a GET without a body.
 */
export class FetchExchange implements Exchange {
  method = "GET";
  readonly target: string;
  path: string;
  query: string;
  rewritten: boolean;
  readonly protocol: string;
  readonly host: string;
  headers: RequestHeaders;
  readonly client: Client;
  body: RequestBody = NO_BODY;
  readonly began: number;
  readonly upgradable = false;
  app = "";
  site: string;
  route: string;
  queued = 0;
  routing: object | null;
  readonly environ: readonly (readonly [string, string])[] | null;
  onAbort: (() => void) | null = null;
  aborted = false;
  readonly #owner: FetchOwner;
  readonly #filters: ResponseFilter[] = [];
  #answered = false;

  /** `routing`: captures and variables for templates; shared with the client's exchange as long as that is the one that waits. */
  constructor(like: Exchange, headers: RequestHeaders, routing: object | null, owner: FetchOwner) {
    this.target = like.target;
    this.path = like.path;
    this.query = like.query;
    this.rewritten = like.rewritten;
    this.protocol = like.protocol;
    this.host = like.host;
    this.headers = headers;
    this.client = like.client;
    this.began = like.began;
    this.site = like.site;
    this.route = like.route;
    this.environ = like.environ;
    this.routing = routing;
    this.#owner = owner;
  }

  /** Nobody wants the answer any more. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.onAbort?.();
  }

  // --- the handler's side ---

  respond(head: ResponseHead, body: ResponseBody): void {
    if (this.aborted || this.#answered) {
      release(body);
      return;
    }
    const filter = this.#filters.pop();
    if (filter !== undefined) return filter.respond(this, head, body);
    this.#answered = true;
    this.#owner.answered(head, body);
  }

  fail(status: number, reason: string, headers: readonly (readonly [string, string])[] = []): void {
    if (this.aborted) return;
    const filter = this.#answered ? undefined : this.#filters.pop();
    if (filter !== undefined) return filter.fail(this, status, reason, headers);
    this.#answered = true;
    this.#owner.failed(status, reason, headers);
  }

  inform(head: ResponseHead): void {
    if (!this.aborted && !this.#answered) this.#owner.inform(head);
  }

  tunnel(): void {
    this.fail(502, "the protocol can't be switched");
  }

  filter(filter: ResponseFilter): void {
    this.#filters.push(filter);
  }
}

/** Lets go of a body that nobody gets. */
export function release(body: ResponseBody): void {
  if (body === null || Buffer.isBuffer(body)) return;
  if (body.kind === "file") body.close();
  else body.cancel();
}
