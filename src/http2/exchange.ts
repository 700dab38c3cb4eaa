import type { Duplex } from "node:stream";
import { errorPage } from "../http/error-page.ts";
import type { Client, Exchange, RequestBody, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import type { Pace } from "../http/pace.ts";
import { paced } from "../http/paced-body.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { hasNoContent } from "../http/status.ts";
import { completeBlock, encodeHead, UNKNOWN } from "./encode-head.ts";

/** The stream, as its exchange sees it. */
export interface ExchangeOwner {
  /** The Server field encoded, or empty. */
  readonly serverField: string;
  /** Sends an interim response. */
  sendInterim(block: string): void;
  /** Sends the final response; `body` null: there is none. */
  sendResponse(block: string, body: ResponseBody): void;
  /** Ends the stream without an answer, or in the midst of one. */
  cut(): void;
}

const WAITING = 0;
const SENDING = 1;
const ENDED = 2;

/** NGINX's status for the end of the connection in place of an answer. */
const NO_ANSWER = 444;

/** One request of an HTTP/2 connection and its response (RFC 9113 §8.1). */
export class Http2Exchange implements Exchange {
  method: string;
  readonly target: string;
  path: string;
  query: string;
  rewritten = false;
  readonly protocol: string;
  host: string;
  headers: RequestHeaders;
  client: Client;
  body: RequestBody;
  readonly began: number;
  /** RFC 9113 §8.6: HTTP/2 has no Upgrade. Browsers open WebSockets by HTTP/1.1 where RFC 8441 is not offered. */
  readonly upgradable = false;
  routing: object | null = null;
  readonly environ = null;
  app = "";
  site = "default";
  route = "";
  queued = 0;
  onAbort: (() => void) | null = null;
  aborted = false;
  sent: ResponseHead | null = null;
  pace: Pace | null = null;

  readonly #owner: ExchangeOwner;
  /** The client asked with HEAD, whatever an internal redirect makes of the method. */
  readonly #isHead: boolean;
  /** Filters before the client, the last one first to be asked; null: none, as for most exchanges. */
  #filters: ResponseFilter[] | null = null;
  #state = WAITING;
  /** Of the response, 0 without one. */
  status = 0;
  /** Of the response body, as sent. */
  bytes = 0;

  constructor(head: RequestHead, body: RequestBody, client: Client, began: number, owner: ExchangeOwner) {
    this.method = head.method;
    this.target = head.target;
    this.path = head.path;
    this.query = head.query;
    this.protocol = head.protocol;
    this.host = head.host;
    this.headers = head.headers;
    this.client = client;
    this.body = body;
    this.began = began;
    this.#owner = owner;
    this.#isHead = head.method === "HEAD";
  }

  // --- the handler's side ---

  respond(head: ResponseHead, body: ResponseBody): void {
    if (this.aborted || this.#state !== WAITING) return release(body);
    const filter = this.#nextFilter();
    if (filter !== null) return filter.respond(this, head, body);
    const encoded = head.status < 200 ? null : encodeHead(head);
    if (encoded === null) {
      release(body);
      this.fail(500, "the response's head is not valid");
      return;
    }
    this.#state = SENDING;
    this.sent = head;
    this.status = head.status;
    const size = body === null ? 0 : body.length;
    if (this.#isHead || hasNoContent(head.status)) {
      const length = this.#bodylessLength(encoded.declared, body === null ? UNKNOWN : size);
      release(body);
      this.#owner.sendResponse(completeBlock(encoded, this.#owner.serverField, length), null);
    } else {
      if (size === 0) release(body);
      const block = completeBlock(encoded, this.#owner.serverField, size);
      if (size === 0) this.#owner.sendResponse(block, null);
      else this.#owner.sendResponse(block, this.pace === null ? body : paced(body, this.pace));
    }
  }

  fail(status: number, reason: string, headers: readonly (readonly [string, string])[] = []): void {
    if (this.aborted || this.#state === ENDED) return;
    if (this.#state === SENDING) return this.#owner.cut();
    const filter = this.#nextFilter();
    if (filter !== null) return filter.fail(this, status, reason, headers);
    if (status === NO_ANSWER) {
      this.status = NO_ANSWER;
      this.#owner.cut();
      return;
    }
    const page = errorPage(status, reason, this.headers.list("accept"), headers);
    this.respond(page.head, page.body);
  }

  inform(head: ResponseHead): void {
    if (this.aborted || this.#state !== WAITING || head.status < 100 || head.status > 199 || head.status === 101)
      return;
    const encoded = encodeHead(head);
    if (encoded !== null) this.#owner.sendInterim(encoded.text);
  }

  tunnel(_head: ResponseHead, _take: (client: Duplex) => void): void {
    this.fail(502, "the protocol can't be switched");
  }

  filter(filter: ResponseFilter): void {
    if (this.#filters === null) this.#filters = [filter];
    else this.#filters.push(filter);
  }

  // --- the stream's side ---

  /** The handler has answered. */
  get answered(): boolean {
    return this.#state !== WAITING;
  }

  /** The response is complete, or cut. */
  end(): void {
    this.#state = ENDED;
  }

  /** The client is gone, or will get no answer to this. */
  abort(): void {
    if (this.aborted || this.#state === ENDED) return;
    this.aborted = true;
    this.#state = ENDED;
    this.onAbort?.();
  }

  // --- internal ---

  #nextFilter(): ResponseFilter | null {
    return this.#filters?.pop() ?? null;
  }

  /** What Content-Length says where no body follows: what a GET would get, nothing with 204 (RFC 9110 §8.6). */
  #bodylessLength(declared: number, size: number): number {
    if (this.status === 204) return UNKNOWN;
    if (declared >= 0 && (this.#isHead || this.status === 304)) return declared;
    return this.status === 304 ? UNKNOWN : size;
  }
}

function release(body: ResponseBody): void {
  if (body === null || Buffer.isBuffer(body)) return;
  if (body.kind === "file") body.close();
  else body.cancel();
}
