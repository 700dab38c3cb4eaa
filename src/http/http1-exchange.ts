import type { Duplex } from "node:stream";
import { dateLine } from "./date.ts";
import { errorPage } from "./error-page.ts";
import type { Client, Exchange, RequestBody, ResponseBody, ResponseFilter } from "./exchange.ts";
import { FileSender } from "./file-sender.ts";
import type { Output } from "./output.ts";
import type { Pace } from "./pace.ts";
import { paced } from "./paced-body.ts";
import { readAhead } from "./read-ahead.ts";
import type { RequestHead } from "./request-head.ts";
import type { RequestHeaders } from "./request-headers.ts";
import type { ResponseHead } from "./response-head.ts";
import type { Sender, SenderOwner } from "./sender.ts";
import { CHUNKED, completeHead, fieldLine, serialiseHead, UNFRAMED } from "./serialise-head.ts";
import type { SerialisedHead } from "./serialised-head.ts";
import { hasNoContent } from "./status.ts";
import { type StreamFraming, StreamSender } from "./stream-sender.ts";

/** The connection, as its exchanges see it. */
export interface ExchangeOwner {
  readonly output: Output;
  /** The Server field's line with its CRLF, or empty. */
  readonly serverLine: string;
  /** Whether this exchange's turn to answer has come and the client reads. */
  maySend(exchange: Http1Exchange): boolean;
  isFirst(exchange: Http1Exchange): boolean;
  /** Whether the connection can't go on after this response. */
  closesAfter(exchange: Http1Exchange): boolean;
  exchangeEnded(exchange: Http1Exchange): void;
  /** Gives the connection up to `take`, after this exchange's 101. */
  exchangeSwitched(take: (client: Duplex) => void): void;
  /** Ends the connection in the midst of this exchange's response. `reset`: nothing but a reset tells the client. */
  exchangeCut(exchange: Http1Exchange, reset: boolean): void;
}

const WAITING = 0;
const ANSWERED = 1;
const SENDING = 2;
const ENDED = 3;

/** NGINX's status for the end of the connection in place of an answer. */
const NO_ANSWER = 444;

/** Bodies up to this size leave as one string with their head: measured, less CPU up to 4 KB, more from 8 KB. */
const JOINED = 4 * 1024;

/** One request of an HTTP/1.1 connection and its response. */
export class Http1Exchange implements Exchange, SenderOwner {
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
  /** The body as the connection receives it, whatever handlers put in the place of `body`. */
  readonly received: RequestBody;
  readonly began: number;
  readonly upgradable: boolean;
  routing: object | null = null;
  environ: readonly (readonly [string, string])[] | null = null;
  app = "";
  site = "default";
  route = "";
  queued = 0;
  onAbort: (() => void) | null = null;
  onInputEnd: (() => void) | null = null;
  aborted = false;
  sent: ResponseHead | null = null;
  pace: Pace | null = null;
  headBytes = 0;

  readonly #owner: ExchangeOwner;
  readonly #minor: number;
  /** The client asked with HEAD, whatever an internal redirect makes of the method. */
  readonly #isHead: boolean;
  /** Filters before the client, the last one first to be asked; null: none, as for most exchanges. */
  #filters: ResponseFilter[] | null = null;
  #state = WAITING;
  #head: SerialisedHead | null = null;
  #answer: ResponseBody = null;
  #sender: Sender | null = null;
  #take: ((client: Duplex) => void) | null = null;
  /** Interim responses that wait for their turn. */
  #interim = "";
  #endsByClosing = false;
  /** Bytes of an answer that waits for its turn. */
  #waits = 0;

  /** The next exchange on the connection. */
  next: Http1Exchange | null = null;
  /** The client and we both want the connection kept. */
  persistent: boolean;
  /** The response said, or its framing means, that the connection is closed after it. */
  closes = false;
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
    this.received = body;
    this.began = began;
    this.#owner = owner;
    this.#minor = head.minor;
    this.#isHead = head.method === "HEAD";
    this.persistent = head.persistent;
    this.upgradable = head.upgrade;
  }

  // --- the handler's side ---

  respond(head: ResponseHead, body: ResponseBody): void {
    if (this.aborted || this.#state !== WAITING) {
      release(body);
      return;
    }
    if (this.#filters !== null) {
      const filter = this.#nextFilter();
      if (filter !== null) return filter.respond(this, head, body);
    }
    const serialised = head.status < 200 ? null : serialiseHead(head);
    if (serialised === null) {
      release(body);
      this.fail(500, "the response's head is not valid");
      return;
    }
    this.#state = ANSWERED;
    this.#head = serialised;
    this.sent = head;
    this.status = head.status;
    this.#answer = body;
    if (this.#owner.maySend(this)) this.send();
    else if (Buffer.isBuffer(body)) this.#wait(body.length);
  }

  fail(status: number, reason: string, headers: readonly (readonly [string, string])[] = []): void {
    if (this.aborted || this.#state === ENDED) return;
    if (this.#state === SENDING) {
      this.#sender?.cancel();
      this.bodyFailed(reason);
      return;
    }
    if (this.#state === WAITING && this.#filters !== null) {
      const filter = this.#nextFilter();
      if (filter !== null) return filter.fail(this, status, reason, headers);
    }
    if (this.#state === ANSWERED) {
      release(this.#answer);
      this.#wait(0);
    }
    if (status === NO_ANSWER) return this.#close();
    this.#state = WAITING;
    const page = errorPage(status, reason, this.headers.list("accept"), headers);
    this.respond(page.head, page.body);
  }

  inform(head: ResponseHead): void {
    if (this.#minor === 0 || head.status < 100 || head.status > 199 || head.status === 101) return;
    const serialised = serialiseHead(head);
    if (serialised !== null) this.interim(`${serialised.text}\r\n`);
  }

  tunnel(head: ResponseHead, take: (client: Duplex) => void): void {
    if (this.aborted || this.#state !== WAITING) return;
    const serialised = this.upgradable ? serialiseHead(head) : null;
    if (serialised === null) {
      this.fail(502, "the protocol can't be switched");
      return;
    }
    this.#state = ANSWERED;
    this.#head = serialised;
    this.sent = head;
    this.status = head.status;
    this.#take = take;
    const field = head.headers.find(([name]) => name.toLowerCase() === "upgrade");
    this.#interim += `${serialised.text}Connection: upgrade\r\n${fieldLine("Upgrade", field?.[1] ?? "") ?? ""}\r\n`;
    if (this.#owner.maySend(this)) this.send();
  }

  filter(filter: ResponseFilter): void {
    if (this.#filters === null) this.#filters = [filter];
    else this.#filters.push(filter);
  }

  // --- the connection's side ---

  /** Something of the response has been sent. */
  get begun(): boolean {
    return this.#state >= SENDING;
  }

  /** The handler has answered, and nothing of it has been sent. */
  get ready(): boolean {
    return this.#state === ANSWERED;
  }

  get answered(): boolean {
    return this.#state !== WAITING;
  }

  /** Sends an interim response, when it is this exchange's turn. */
  interim(text: string): void {
    if (this.aborted || this.#state !== WAITING) return;
    if (this.#owner.isFirst(this)) this.#owner.output.text(text);
    else this.#interim += text;
  }

  /** Its turn has come while the handler is still at work. */
  sendInterim(): void {
    if (this.#interim === "") return;
    this.#owner.output.text(this.#interim);
    this.#interim = "";
  }

  /** Its turn has come: sends the handler's answer. */
  send(): void {
    if (this.#waits > 0) this.#wait(0);
    if (this.#take !== null) return this.#switch(this.#take);
    const head = this.#head;
    if (head === null) {
      this.#state = ENDED;
      this.#owner.exchangeCut(this, false);
      return;
    }
    const body = this.pace === null || this.#isHead ? this.#answer : paced(this.#answer, this.pace);
    this.#state = SENDING;
    this.closes = this.#owner.closesAfter(this);
    if (body === null || Buffer.isBuffer(body)) this.#sendWhole(head, body);
    else if (this.#isHead || hasNoContent(this.status) || body.length === 0) {
      release(body);
      this.#sendHead(head, this.#bodylessLength(head, body.length));
      this.bodyEnded();
    } else if (body.kind === "file") {
      this.#begin(new FileSender(this.#complete(head, body.length), body, this.#owner.output, this));
    } else {
      const framing = body.length > 0 ? "length" : this.#minor === 1 ? "chunked" : "close";
      this.#sendStreamHead(head, framing, body.length);
      this.#begin(new StreamSender(body, framing, this.#owner.output, this));
    }
  }

  /** The client reads again. */
  resume(): void {
    this.#sender?.resume();
  }

  /** The client is gone, or will get no answer to this. */
  abort(): void {
    if (this.aborted || this.#state === ENDED) return;
    this.aborted = true;
    const state = this.#state;
    this.#state = ENDED;
    if (state === ANSWERED) {
      release(this.#answer);
      this.#wait(0);
      this.status = 0;
    }
    this.#sender?.cancel();
    this.#sender = null;
    this.onAbort?.();
  }

  // --- the sender's side ---

  bodySent(bytes: number): void {
    this.bytes += bytes;
  }

  bodyEnded(): void {
    this.#state = ENDED;
    this.#sender = null;
    this.#owner.exchangeEnded(this);
  }

  bodyFailed(_reason: string): void {
    this.#state = ENDED;
    this.#sender = null;
    this.#owner.exchangeCut(this, this.#endsByClosing);
  }

  // --- internal ---

  #wait(bytes: number): void {
    readAhead.bytes += bytes - this.#waits;
    this.#waits = bytes;
  }

  // Later, so that the connection has put aside what it was reading: all that follows is the tunnel's.
  #switch(take: (client: Duplex) => void): void {
    this.#state = SENDING;
    this.sendInterim();
    process.nextTick(() => {
      if (!this.aborted) this.#owner.exchangeSwitched(take);
    });
  }

  /** When its turn comes, the connection ends without an answer. */
  #close(): void {
    this.#state = ANSWERED;
    this.#head = null;
    this.#answer = null;
    this.status = NO_ANSWER;
    if (this.#owner.maySend(this)) this.send();
  }

  #nextFilter(): ResponseFilter | null {
    const filter = this.#filters!.pop() ?? null;
    if (this.#filters!.length === 0) this.#filters = null;
    return filter;
  }

  #sendWhole(head: SerialisedHead, body: Buffer | null): void {
    const size = body === null ? 0 : body.length;
    if (this.#isHead || hasNoContent(this.status)) {
      this.#sendHead(head, this.#bodylessLength(head, body === null ? UNFRAMED : size));
    } else {
      const text = this.#complete(head, size);
      const output = this.#owner.output;
      if (size === 0) output.text(text);
      else if (size <= JOINED) output.text(text + body!.latin1Slice(0, size));
      else {
        output.text(text);
        output.bytes(body!);
      }
      this.bytes = size;
    }
    this.bodyEnded();
  }

  /** What Content-Length says where no body follows: what a GET would get, nothing with 1xx and 204 (RFC 9110 §8.6). */
  #bodylessLength(head: SerialisedHead, size: number): number {
    if (this.status < 200 || this.status === 204) return UNFRAMED;
    if (head.declared >= 0 && (this.#isHead || this.status === 304)) return head.declared;
    return this.status === 304 ? UNFRAMED : size;
  }

  #sendStreamHead(head: SerialisedHead, framing: StreamFraming, length: number): void {
    if (framing === "close") {
      this.closes = true;
      this.#endsByClosing = true;
    }
    this.#sendHead(head, framing === "chunked" ? CHUNKED : framing === "length" ? length : UNFRAMED);
  }

  #sendHead(head: SerialisedHead, length: number): void {
    this.#owner.output.text(this.#complete(head, length));
  }

  #complete(head: SerialisedHead, length: number): string {
    const connection = this.closes ? "Connection: close\r\n" : this.#minor === 0 ? "Connection: keep-alive\r\n" : "";
    const text = completeHead(head, dateLine(), this.#owner.serverLine, length, connection);
    this.headBytes = text.length;
    return text;
  }

  #begin(sender: Sender): void {
    this.#sender = sender;
    sender.start();
  }
}

function release(body: ResponseBody): void {
  if (body === null || Buffer.isBuffer(body)) return;
  if (body.kind === "file") body.close();
  else body.cancel();
}
