import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { clientOf } from "./client-address.ts";
import type { Client } from "./exchange.ts";
import { AHEAD, ExchangeQueue } from "./exchange-queue.ts";
import { HeadInput } from "./head-input.ts";
import { type BodyOwner, Http1Body, NO_BODY } from "./http1-body.ts";
import { type ExchangeOwner, Http1Exchange } from "./http1-exchange.ts";
import type { Http1Options } from "./http1-options.ts";
import { Output } from "./output.ts";
import { Refusal } from "./refusal.ts";
import { refusalAnswer } from "./refusal-answer.ts";
import { type Swept, startSweeping, stopSweeping } from "./sweeper.ts";
import { type Awaited, Timekeeper } from "./timekeeper.ts";

/** What the next byte belongs to: a request head, the last request's body, or nothing any more. */
type Phase = "head" | "body" | "stopped";

/**
 * One client connection that speaks HTTP/1.1 or HTTP/1.0 (RFC 9112). Construct, `start`, and it ends itself; `shutdown` and
 * `destroy` end it early. A request with Upgrade is the last that is read until it is answered: `Exchange.tunnel` may then
 * take the connection over.
 *
 * Input: `#receive` -> `#consume` -> `#beginExchange` and `#feedBody`. Output: `Http1Exchange.send` in the order of the queue.
 */
export class Http1Connection implements ExchangeOwner, BodyOwner, Swept {
  readonly output: Output;
  readonly serverLine: string;
  readonly #socket: Socket;
  readonly #options: Http1Options;
  readonly #client: Client;
  readonly #heads: HeadInput;
  readonly #queue = new ExchangeQueue();
  readonly #clock: Timekeeper;

  #phase: Phase = "head";
  /** The body that is being received. */
  #body: Http1Body | null = null;
  /** Input that can't be taken yet; the socket is paused meanwhile. */
  #held: Buffer | null = null;
  /** In the midst of taking input, or sending answers: neither starts within itself. */
  #taking = false;
  #advancing = false;
  /** What is answered after the exchanges before it, and its request line. */
  #refusal: Refusal | null = null;
  #refusedLine = "";
  #requests = 0;
  /** `shutdown` was called. */
  #draining = false;
  #ended = false; // the client has closed its side
  #finished = false; // our side is closed

  constructor(socket: Socket, options: Http1Options) {
    const { limits, timeouts, serverName } = options.settings;
    this.#socket = socket;
    this.#options = options;
    this.#client = clientOf(socket, options);
    this.#heads = new HeadInput(limits);
    this.#clock = new Timekeeper(socket, timeouts);
    this.output = new Output(socket);
    this.serverLine = serverName === null ? "" : `Server: ${serverName}\r\n`;
  }

  start(): void {
    const socket = this.#socket;
    // A client may close its side after the request and still read the answer.
    socket.allowHalfOpen = true;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#endOfInput());
    socket.on("drain", () => this.#drained());
    // Whatever fails, "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#closed());
    startSweeping(this);
    this.#options.observer.connectionOpened();
  }

  /** No request has come, whole or in part, that is not answered. */
  get idle(): boolean {
    return this.#queue.count === 0 && this.#phase === "head" && !this.#heads.partial && this.#held === null;
  }

  /** Requests that are being received or answered. */
  get answering(): number {
    return this.#queue.count;
  }

  /** Answers what is in flight, saying `Connection: close`, and closes; at once when idle. */
  shutdown(): void {
    this.#draining = true;
    if (this.idle) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // --- input ---

  #receive(chunk: Buffer): void {
    if (this.#held !== null) {
      this.#held = Buffer.concat([this.#held, chunk]);
      return;
    }
    // Lingering, or behind a request that said close: no more requests (RFC 9112 §9.6).
    if (this.#phase === "stopped") return;
    const input = this.#heads.join(chunk);
    if (input !== null) this.#take(input);
    else this.#checkHead();
  }

  /** Takes as much of `input` as can be taken now; what is answered meanwhile leaves in one write. */
  #take(input: Buffer): void {
    this.#taking = true;
    this.output.hold();
    try {
      this.#consume(input);
    } finally {
      this.#taking = false;
      this.#heads.release();
      this.output.release();
    }
  }

  #consume(input: Buffer): void {
    let offset = 0;
    let now = 0;
    while (this.#phase !== "stopped") {
      if (this.#phase === "body") {
        offset = this.#feedBody(input, offset);
        if (offset < 0) return;
        continue;
      }
      if (offset >= input.length) return;
      if (this.#queue.full || this.output.blocked || (this.#draining && this.#queue.count > 0)) {
        this.#hold(input.subarray(offset));
        return;
      }
      offset = this.#heads.find(input, offset);
      if (offset < 0) {
        this.#checkHead();
        return;
      }
      if (now === 0) now = performance.now();
      this.#beginExchange(now);
    }
  }

  #checkHead(): void {
    if (this.#heads.refusal !== null) this.#refuse(this.#heads.refusal, this.#heads.refusedLine);
  }

  #beginExchange(now: number): void {
    const head = this.#heads.head;
    const body = head.length === 0 ? null : new Http1Body(head.length, this.#options.settings.limits, this);
    const exchange = new Http1Exchange(head, body ?? NO_BODY, this.#client, now, this);
    if (++this.#requests === this.#options.settings.limits.requests) this.#draining = true;
    this.#queue.append(exchange);
    this.#body = body;
    if (body !== null) this.#phase = "body";
    else if (!head.persistent) this.#phase = "stopped";
    this.#options.handler().handle(exchange);
  }

  /** Returns where the body ended, or -1 when there is nothing more to take for now. */
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
      this.#phase = this.#heads.head.persistent ? "head" : "stopped";
      return end;
    }
    if (body.blocked) this.#hold(input.subarray(end));
    return -1;
  }

  #hold(rest: Buffer): void {
    this.#held = rest;
    this.#socket.pause();
  }

  /** Takes up held input again when what held it is gone. */
  continueInput(): void {
    if (this.#taking || this.#held === null) return;
    if (this.#phase === "body" && this.#body!.blocked) return;
    if (this.#phase === "head" && (this.#queue.count > AHEAD / 2 || this.output.blocked)) return;
    const input = this.#held;
    this.#held = null;
    this.#take(input);
    if (this.#held !== null) return;
    this.#socket.resume();
    if (this.#ended) this.#stopAtEnd();
  }

  #endOfInput(): void {
    this.#ended = true;
    if (this.#held === null || this.#held.length === 0) this.#stopAtEnd();
  }

  #stopAtEnd(): void {
    const body = this.#body;
    if (body === null || body.exhausted) this.#queue.inputEnded();
    if (body?.exhausted) return;
    this.#phase = "stopped";
    if (body !== null && this.#queue.last?.received === body) {
      // The request will never be complete: nobody waits for its answer, but there may be others before it.
      this.#abort(this.#queue.last);
      if (this.#queue.count === 1) this.#finish();
    } else if (this.#queue.count === 0 && this.#refusal === null) {
      this.#finish();
    }
  }

  // --- the body's side ---

  bodyAsked(): void {
    const body = this.#body;
    const nothingCame = body !== null && body.received === 0 && (this.#held === null || this.#held.length === 0);
    if (nothingCame && this.#heads.head.expectsContinue) this.#queue.last!.interim("HTTP/1.1 100 Continue\r\n\r\n");
    this.continueInput();
  }

  /** The last request's body is faulty or late: its exchange is answered so, unless it was answered already. */
  #failBody(refusal: Refusal): void {
    const exchange = this.#queue.last;
    const body = this.#body!;
    this.#phase = "stopped";
    this.#body = null;
    if (exchange === null || exchange.received !== body) return this.#finish();
    exchange.persistent = false;
    exchange.closes = true;
    body.fail(refusal);
    // The handler may have answered upon that.
    if (!exchange.answered) exchange.fail(refusal.status, refusal.reason);
  }

  // --- the exchanges' side ---

  isFirst(exchange: Http1Exchange): boolean {
    return exchange === this.#queue.first;
  }

  maySend(exchange: Http1Exchange): boolean {
    return exchange === this.#queue.first && !this.output.blocked && !this.#advancing;
  }

  closesAfter(exchange: Http1Exchange): boolean {
    if (!exchange.persistent) return true;
    // Others follow, or the answer to what could not be read.
    if (exchange !== this.#queue.last || this.#refusal !== null) return false;
    const body = this.#body;
    if (body !== null && !body.exhausted) {
      // A client that awaits 100 Continue may send the body or not: nobody knows where the next request begins.
      const unasked = this.#heads.head.expectsContinue && !body.asked && body.received === 0;
      if (unasked || !body.drainable) return true;
    }
    return this.#draining || (this.#ended && this.#held === null);
  }

  exchangeEnded(exchange: Http1Exchange): void {
    this.#queue.removeFirst();
    this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
    if (exchange.closes) return this.#finish();
    if (exchange.received === this.#body) this.#body.discard();
    if (!this.#advancing) this.#advance();
    this.continueInput();
  }

  exchangeSwitched(take: (client: Duplex) => void): void {
    this.#phase = "stopped";
    this.output.flush();
    this.#socket.removeAllListeners("data").pause();
    if (this.#held !== null && this.#held.length > 0) this.#socket.unshift(this.#held);
    this.#held = null;
    take(this.#socket);
  }

  exchangeCut(exchange: Http1Exchange, reset: boolean): void {
    this.#queue.removeFirst();
    this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
    this.output.flush();
    this.#phase = "stopped";
    this.#finished = true;
    this.#held = null;
    if (reset && this.#socket.remoteAddress !== undefined && !this.#client.secure) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  // --- answers ---

  /** Sends what is ready, in order. */
  #advance(): void {
    this.#advancing = true;
    while (this.#queue.first?.ready && !this.output.blocked && !this.#finished) this.#queue.first.send();
    this.#advancing = false;
    const first = this.#queue.first;
    if (this.#finished) return;
    if (first === null) this.#allAnswered();
    else if (first.aborted) this.#finish();
    else first.sendInterim();
  }

  #allAnswered(): void {
    if (this.#refusal !== null) this.#sendRefusal();
    else if (this.#phase === "stopped" || (this.#draining && this.idle)) this.#finish();
  }

  #drained(): void {
    this.output.blocked = false;
    this.#queue.first?.resume();
    if (!this.output.blocked) this.#advance();
    this.continueInput();
  }

  /** Refuses what can't be a request: answered after the exchanges before it, then the connection is closed. */
  #refuse(refusal: Refusal, line: string): void {
    this.#phase = "stopped";
    if (this.#requests === 0 && this.#options.takeOver?.(this.#socket, line, this.#heads.refusedInput)) {
      this.#finished = true;
      return stopSweeping(this);
    }
    this.#refusal = refusal;
    this.#refusedLine = line;
    this.#options.observer.refused(this.#client, refusal.status, refusal.reason, line.slice(0, 1024));
    if (this.#queue.count === 0) this.#sendRefusal();
  }

  #sendRefusal(): void {
    this.output.text(refusalAnswer(this.#refusal!, this.#refusedLine, this.serverLine));
    this.#finish();
  }

  // --- the end ---

  /** All is said: closes our side, and goes on reading so that the client sees the answer instead of a reset. */
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
    exchange.abort();
    if (this.#body !== null && exchange.received === this.#body) {
      this.#body.fail(new Refusal(499, "the client went away"));
      this.#body = null;
    }
    this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
  }

  #closed(): void {
    stopSweeping(this);
    this.#phase = "stopped";
    this.#finished = true;
    this.#held = null;
    for (let exchange = this.#queue.first; exchange !== null; exchange = exchange.next) {
      if (!exchange.aborted) this.#abort(exchange);
    }
    this.#queue.clear();
    this.#options.observer.connectionClosed();
  }

  // --- time ---

  tick(now: number): void {
    if (this.#clock.writeStalled(now)) return void this.#socket.destroy();
    const awaited = this.#awaits();
    const whole = awaited === "body" || awaited === "close";
    if (this.#clock.overdue(awaited, whole ? this.#socket.bytesRead : this.#requests, now)) this.#giveUp(awaited);
  }

  #awaits(): Awaited {
    if (this.#finished) return this.#socket.writableLength > 0 ? "nothing" : "close";
    if (this.#ended) return this.#queue.first !== null && !this.#queue.first.begun ? "half-closed" : "nothing";
    if (this.#body !== null) return this.#body.blocked || this.#body.exhausted ? "nothing" : "body";
    if (this.#heads.partial && this.#phase === "head") return "head";
    if (!this.idle) return "nothing";
    return this.#requests === 0 ? "first request" : "request";
  }

  #giveUp(awaited: Awaited): void {
    if (awaited === "body") this.#failBody(new Refusal(408, "the request's body took too long"));
    else if (awaited === "head")
      this.#refuse(new Refusal(408, "the request's head took too long"), this.#heads.partialLine);
    else if (awaited === "close" || awaited === "half-closed") this.#socket.destroy();
    else this.#socket.destroySoon();
  }
}
