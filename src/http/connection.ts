import type { Socket } from "node:net";
import { errorPage } from "./error-page.ts";
import type { Client, ExchangeObserver, Handler } from "./exchange.ts";
import { HeadBuffer } from "./head-buffer.ts";
import { HeaderMemo } from "./header-memo.ts";
import { type BodyOwner, Http1Body, NO_BODY } from "./http1-body.ts";
import { type ExchangeOwner, Http1Exchange } from "./http1-exchange.ts";
import { Output } from "./output.ts";
import { Patience, Rate } from "./patience.ts";
import { Refusal } from "./refusal.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";
import { completeHead, serialiseHead } from "./serialised-head.ts";
import { dateLine } from "./date.ts";
import type { Http1Settings } from "./settings.ts";
import { startSweeping, stopSweeping, type Swept } from "./sweeper.ts";
import { pendingWrite } from "./write-progress.ts";

export interface Http1Options {
  /** Looked up for each request, so that a reload swaps it. */
  readonly handler: () => Handler;
  readonly settings: Http1Settings;
  readonly observer: ExchangeObserver;
  readonly secure: boolean;
  /** The listener's port; 0 for a Unix socket. */
  readonly localPort: number;
  /** The listener's address as configured. */
  readonly address: string;
}

/** Requests read ahead of the answers of one connection; then the kernel holds the client back. */
const AHEAD = 64;
/** Milliseconds that a client which has half-closed is still waited for by a handler; as long as that, it may be gone. */
const HALF_CLOSED = 1000;
/** Milliseconds that a closing connection waits for the client to see the answer and close (RFC 9112 §9.6). */
const LINGER = 2000;

type Phase = "head" | "body" | "stopped";

const memo = new HeaderMemo();

/** One client connection that speaks HTTP/1.1 or HTTP/1.0 (RFC 9112). */
export class Http1Connection implements ExchangeOwner, BodyOwner, Swept {
  readonly output: Output;
  readonly serverLine: string;
  readonly #socket: Socket;
  readonly #options: Http1Options;
  readonly #settings: Http1Settings;
  readonly #client: Client;

  #phase: Phase = "head";
  /** A head that has come in part. */
  readonly #partial: HeadBuffer;
  /** Input that can't be taken yet; the socket is paused meanwhile. */
  #held: Buffer | null = null;
  /** In the midst of taking input: whatever frees more of it must not start again. */
  #busy = false;
  /** The last head with its empty line, and what it meant: clients repeat themselves. */
  #lastText = "";
  #lastHead: RequestHead | null = null;
  #body: Http1Body | null = null;
  /** Exchanges in the order of their requests. */
  #first: Http1Exchange | null = null;
  #last: Http1Exchange | null = null;
  #count = 0;
  #advancing = false;
  /** The refusal that is answered after the exchanges before it. */
  #refusal: Refusal | null = null;
  #refusalBare = false;

  #requests = 0;
  #draining = false;
  #ended = false;
  #finished = false;
  readonly #reading = new Patience();
  readonly #writing = new Patience();
  #bodyRate = new Rate();
  #lastTick = 0;

  constructor(socket: Socket, options: Http1Options) {
    this.#socket = socket;
    this.#options = options;
    this.#settings = options.settings;
    this.#partial = new HeadBuffer(options.settings.limits);
    this.#client = {
      address: socket.remoteAddress ?? "",
      port: socket.remotePort ?? 0,
      localPort: options.localPort,
      secure: options.secure,
    };
    this.output = new Output(socket);
    this.serverLine = options.settings.serverName === null ? "" : `Server: ${options.settings.serverName}\r\n`;
  }

  start(): void {
    const socket = this.#socket;
    // A client may close its side after the request and still read the answer.
    socket.allowHalfOpen = true;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#endOfInput());
    socket.on("drain", () => this.#drained());
    // What fails is told by "close".
    socket.on("error", () => {});
    socket.on("close", () => this.#closed());
    startSweeping(this);
    this.#options.observer.connectionOpened();
  }

  /** Nothing of a request has come that is not answered. */
  get idle(): boolean {
    return this.#count === 0 && this.#phase === "head" && this.#partial.empty;
  }

  /** Answers what is in flight, saying `Connection: close`, and closes; at once when idle. */
  shutdown(): void {
    this.#draining = true;
    if (this.idle) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // --- the exchanges' side ---

  isFirst(exchange: Http1Exchange): boolean {
    return exchange === this.#first;
  }

  maySend(exchange: Http1Exchange): boolean {
    return exchange === this.#first && !this.output.blocked && !this.#advancing;
  }

  closesAfter(exchange: Http1Exchange): boolean {
    if (!exchange.persistent) return true;
    if (exchange !== this.#last || this.#refusal !== null) return false;
    const body = this.#body;
    if (body !== null && !body.exhausted && !(body.drainable && !this.#awaitsContinue(exchange, body))) return true;
    return this.#draining || (this.#ended && this.#held === null);
  }

  exchangeEnded(exchange: Http1Exchange): void {
    this.#remove();
    this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
    if (exchange.closes) {
      this.#finish();
      return;
    }
    if (exchange.body === this.#body) this.#body.discard();
    if (!this.#advancing) this.#advance();
    this.#continueReading();
  }

  cut(reset: boolean): void {
    this.output.flush();
    if (reset && this.#socket.remoteAddress !== undefined && !this.#client.secure) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  // --- the body's side ---

  bodyAsked(): void {
    const exchange = this.#last;
    const body = this.#body;
    if (exchange !== null && body !== null && this.#lastHead!.expectsContinue && body.received === 0 && this.#noBytes()) {
      exchange.interim("HTTP/1.1 100 Continue\r\n\r\n");
    }
    this.#continueReading();
  }

  bodyReleased(): void {
    this.#continueReading();
  }

  // --- timeouts ---

  tick(now: number): void {
    const elapsed = this.#lastTick === 0 ? 0 : now - this.#lastTick;
    this.#lastTick = now;
    const { timeouts } = this.#settings;
    const pending = pendingWrite(this.#socket);
    if (this.#writing.waited("write", pending, now) > timeouts.write && pending > 0) {
      this.#socket.destroy();
    } else if (this.#finished) {
      if (pending === 0 && this.#reading.waited("close", 0, now) > LINGER) this.#socket.destroy();
    } else if (this.#ended && this.#count > 0) {
      const waiting = this.#reading.waited("half-closed", this.#first!.status, now);
      if (waiting > HALF_CLOSED && this.#first!.status === 0) this.#socket.destroy();
    } else if (this.#phase === "body") {
      this.#tickBody(now, elapsed);
    } else if (this.#phase === "head" && !this.#partial.empty) {
      if (this.#reading.waited("head", this.#requests, now) > timeouts.head) this.#refuse(new Refusal(408, "the request's head took too long"), this.#partial.line());
    } else if (this.idle) {
      const limit = this.#requests === 0 ? timeouts.head : timeouts.idle;
      if (this.#reading.waited("request", this.#requests, now) > limit) this.#socket.destroySoon();
    } else {
      this.#reading.waited("", 0, now);
    }
  }

  #tickBody(now: number, elapsed: number): void {
    const body = this.#body!;
    if (body.blocked || body.exhausted) {
      this.#reading.waited("", 0, now);
      return;
    }
    const { body: timeout, minimumRate, rateGrace } = this.#settings.timeouts;
    const waited = this.#reading.waited("body", body.received, now);
    if (waited > timeout || this.#bodyRate.below(body.received, elapsed, minimumRate, rateGrace)) {
      this.#failBody(new Refusal(408, "the request's body took too long"));
    }
  }

  // --- input ---

  #receive(chunk: Buffer): void {
    if (this.#held !== null) {
      this.#held = Buffer.concat([this.#held, chunk]);
      return;
    }
    if (this.#phase === "stopped") return;
    if (this.#partial.empty) {
      this.#take(chunk);
      return;
    }
    const refusal = this.#partial.append(chunk);
    if (refusal !== null) this.#refuse(refusal, this.#partial.line());
    else if (this.#partial.complete) this.#take(this.#partial.take());
  }

  /** Takes as much of `input` as can be taken now. */
  #take(input: Buffer): void {
    this.#busy = true;
    this.output.hold();
    try {
      this.#consume(input);
    } finally {
      this.#busy = false;
      this.output.release();
    }
  }

  #consume(input: Buffer): void {
    const length = input.length;
    let offset = 0;
    let text = "";
    let textFrom = -1;
    let began = 0;
    while (this.#phase !== "stopped") {
      if (this.#phase === "body") {
        offset = this.#feedBody(input, offset);
        if (offset < 0) return;
        continue;
      }
      if (offset >= length) return;
      if (this.#count >= AHEAD || this.output.blocked || (this.#draining && this.#count > 0)) {
        this.#hold(input.subarray(offset));
        return;
      }
      if (textFrom < 0) {
        textFrom = offset;
        text = input.latin1Slice(offset, length);
        began = performance.now();
      }
      const used = this.#readHead(text, offset - textFrom, began);
      if (used < 0) {
        if (this.#phase === "head") this.#keepPartial(input.subarray(offset));
        return;
      }
      offset = textFrom + used;
    }
  }

  /** Reads one head from `text` at `at` and starts its exchange; returns where it ends, or -1 when it is not complete or refused. */
  #readHead(text: string, at: number, began: number): number {
    const last = this.#lastHead;
    if (last !== null && text.startsWith(this.#lastText, at)) {
      this.#begin(last, began);
      return at + this.#lastText.length;
    }
    // RFC 9112 §2.2: an empty line before a request line is skipped; one.
    const from = text.startsWith("\r\n", at) ? at + 2 : at;
    const end = text.indexOf("\r\n\r\n", from);
    if (end < 0) return -1;
    const lines = text.slice(from, end);
    const head = parseRequestHead(lines, this.#settings.limits, memo);
    if (head instanceof Refusal) {
      const lineEnd = lines.indexOf("\r\n");
      this.#refuse(head, lineEnd < 0 ? lines : lines.slice(0, lineEnd));
      return -1;
    }
    // A copy: a slice would keep the whole read alive.
    this.#lastText = Buffer.from(text.slice(from, end + 4), "latin1").latin1Slice();
    this.#lastHead = head;
    this.#begin(head, began);
    return end + 4;
  }

  #begin(head: RequestHead, began: number): void {
    this.#requests++;
    const body = head.length === 0 ? null : new Http1Body(head.length, this.#settings.limits, this);
    const exchange = new Http1Exchange(head, body ?? NO_BODY, this.#client, began, this);
    if (this.#last === null) this.#first = exchange;
    else this.#last.next = exchange;
    this.#last = exchange;
    this.#count++;
    if (body !== null) {
      this.#phase = "body";
      this.#body = body;
      this.#bodyRate = new Rate();
    } else if (!head.persistent) {
      this.#phase = "stopped";
    }
    this.#options.handler().handle(exchange);
  }

  /** Returns where the body stopped when it is complete, else -1: there is nothing more to take for now. */
  #feedBody(input: Buffer, offset: number): number {
    const body = this.#body!;
    const end = body.feed(input, offset);
    if (this.#phase !== "body") return -1;
    if (body.refusal !== null) {
      this.#failBody(body.refusal);
      return -1;
    }
    if (body.complete) {
      this.#body = null;
      this.#phase = this.#lastHead!.persistent ? "head" : "stopped";
      return end;
    }
    if (body.blocked) this.#hold(input.subarray(end));
    return -1;
  }

  #keepPartial(input: Buffer): void {
    const start = input[0] === 13 && input[1] === 10 ? 2 : 0;
    if (start === input.length) return;
    const refusal = this.#partial.append(input.subarray(start));
    if (refusal !== null) this.#refuse(refusal, this.#partial.line());
  }

  #hold(rest: Buffer): void {
    this.#held = rest;
    this.#socket.pause();
  }

  #noBytes(): boolean {
    return this.#held === null || this.#held.length === 0;
  }

  #awaitsContinue(exchange: Http1Exchange, body: Http1Body): boolean {
    return exchange.body === body && this.#lastHead!.expectsContinue && !body.asked && body.received === 0;
  }

  /** Takes up held input again, where whatever held it is gone. */
  #continueReading(): void {
    if (this.#busy || this.#held === null) return;
    if (this.#phase === "body" && this.#body!.blocked) return;
    if (this.#phase === "head" && (this.#count >= AHEAD || this.output.blocked)) return;
    const input = this.#held;
    this.#held = null;
    this.#take(input);
    if (this.#held !== null) return;
    this.#socket.resume();
    if (this.#ended) this.#stopAtEnd();
  }

  #endOfInput(): void {
    this.#ended = true;
    if (this.#noBytes()) this.#stopAtEnd();
  }

  /** All input was taken and no more will come. */
  #stopAtEnd(): void {
    if (this.#phase === "body" && !this.#body!.exhausted) {
      // The request will never be complete: nobody waits for its answer.
      this.#phase = "stopped";
      if (this.#count <= 1) this.#socket.destroy();
      else this.#abort(this.#last!);
      return;
    }
    if (this.#phase !== "body") this.#phase = "stopped";
    if (this.#count === 0 && this.#refusal === null) this.#finish();
  }

  // --- answers ---

  /** Sends what is ready, in order. */
  #advance(): void {
    this.#advancing = true;
    let first = this.#first;
    while (first !== null && first.ready && !this.output.blocked && !this.#finished) {
      first.send();
      first = this.#first;
    }
    this.#advancing = false;
    if (this.#finished) return;
    if (first === null) this.#allAnswered();
    else if (first.aborted) this.#finish();
    else first.sendInterim();
  }

  #allAnswered(): void {
    if (this.#refusal !== null) this.#sendRefusal(this.#refusal);
    else if (this.#phase === "stopped" || (this.#draining && this.idle)) this.#finish();
  }

  #remove(): void {
    this.#first = this.#first!.next;
    if (this.#first === null) this.#last = null;
    this.#count--;
  }

  #drained(): void {
    this.output.blocked = false;
    this.#first?.resume();
    if (!this.output.blocked) this.#advance();
    this.#continueReading();
  }

  /** Refuses what can't be a request: answered after the exchanges before it, then the connection is closed. */
  #refuse(refusal: Refusal, line: string): void {
    this.#phase = "stopped";
    this.#refusal = refusal;
    this.#refusalBare = line.startsWith("HEAD ");
    this.#options.observer.refused(this.#client, refusal.status, refusal.reason, line.slice(0, 1024));
    if (this.#count === 0) this.#sendRefusal(refusal);
  }

  #sendRefusal(refusal: Refusal): void {
    const page = errorPage(refusal.status, refusal.reason);
    const head = serialiseHead(page.head);
    this.output.text(completeHead(head, dateLine(), this.serverLine, page.body.length, "Connection: close\r\n"));
    if (!this.#refusalBare) this.output.bytes(page.body);
    this.#finish();
  }

  /** The body of the last request is faulty or late: its exchange is answered so, unless it has been already. */
  #failBody(refusal: Refusal): void {
    this.#phase = "stopped";
    const exchange = this.#last;
    const body = this.#body!;
    this.#body = null;
    if (exchange === null || exchange.body !== body) {
      this.#finish();
      return;
    }
    exchange.persistent = false;
    if (exchange.answered) exchange.closes = true;
    body.fail(refusal);
    if (!exchange.answered) exchange.fail(refusal.status, refusal.reason);
  }

  /** Everything was said: closes our side, and lets the client read it before the rest goes. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#phase = "stopped";
    this.#body?.discard();
    this.#body = null;
    this.#held = null;
    this.output.flush();
    this.#socket.end();
    this.#socket.resume();
  }

  #abort(exchange: Http1Exchange): void {
    const body = exchange.body === this.#body ? this.#body : null;
    exchange.abort();
    body?.fail(new Refusal(499, "the client went away"));
    this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
  }

  #closed(): void {
    stopSweeping(this);
    this.#phase = "stopped";
    this.#finished = true;
    this.#held = null;
    for (let exchange = this.#first; exchange !== null; exchange = exchange.next) {
      if (!exchange.aborted) this.#abort(exchange);
    }
    this.#first = null;
    this.#last = null;
    this.#count = 0;
    this.#options.observer.connectionClosed();
  }
}
