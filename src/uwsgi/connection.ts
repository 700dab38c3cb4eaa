import type { Socket } from "node:net";
import { clientOf } from "../http/client-address.ts";
import type { Client } from "../http/exchange.ts";
import { type BodyOwner, Http1Body, NO_BODY } from "../http/http1-body.ts";
import { type ExchangeOwner, Http1Exchange } from "../http/http1-exchange.ts";
import type { Http1Options } from "../http/http1-options.ts";
import { Output } from "../http/output.ts";
import { Refusal } from "../http/refusal.ts";
import { refusalAnswer } from "../http/refusal-answer.ts";
import { type Swept, startSweeping, stopSweeping } from "../http/sweeper.ts";
import { type Awaited, Timekeeper } from "../http/timekeeper.ts";
import { PACKET_HEAD, packetSize, parseVariables } from "./packet.ts";
import { uwsgiRequest } from "./request.ts";

/**
 * One connection of a front that speaks uwsgi (NGINX's `uwsgi_pass`): one request, answered as HTTP/1.0 is, then closed. The
 * same settings, observer and life as `Http1Connection`.
 */
export class UwsgiConnection implements ExchangeOwner, BodyOwner, Swept {
  readonly output: Output;
  readonly serverLine: string;
  readonly #socket: Socket;
  readonly #options: Http1Options;
  readonly #peer: Client;
  readonly #clock: Timekeeper;
  #packet: Buffer = Buffer.alloc(0);
  #exchange: Http1Exchange | null = null;
  #body: Http1Body | null = null;
  /** Body that nobody takes yet; the socket is paused meanwhile. */
  #held: Buffer | null = null;
  #taking = false;
  /** The packet is read or refused. */
  #begun = false;
  #ended = false; // the front has closed its side
  #finished = false; // our side is closed

  constructor(socket: Socket, options: Http1Options) {
    const { timeouts, serverName } = options.settings;
    this.#socket = socket;
    this.#options = options;
    this.#peer = clientOf(socket, options);
    this.#clock = new Timekeeper(socket, timeouts);
    this.output = new Output(socket);
    this.serverLine = serverName === null ? "" : `Server: ${serverName}\r\n`;
  }

  start(): void {
    const socket = this.#socket;
    socket.allowHalfOpen = true;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#endOfInput());
    socket.on("drain", () => {
      this.output.blocked = false;
      if (this.#exchange?.ready) this.#exchange.send();
      else this.#exchange?.resume();
    });
    // Whatever fails, "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#closed());
    startSweeping(this);
    this.#options.observer.connectionOpened();
  }

  get idle(): boolean {
    return !this.#begun && this.#packet.length === 0;
  }

  get answering(): number {
    return this.#begun ? 1 : 0;
  }

  /** Every connection ends after its one answer; an idle one at once. */
  shutdown(): void {
    if (this.idle) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // --- input ---

  #receive(chunk: Buffer): void {
    if (this.#held !== null) {
      this.#held = Buffer.concat([this.#held, chunk]);
    } else if (this.#begun) {
      this.#feed(chunk);
    } else {
      this.#packet = this.#packet.length === 0 ? chunk : Buffer.concat([this.#packet, chunk]);
      this.#readPacket();
    }
  }

  #readPacket(): void {
    const packet = this.#packet;
    if (packet.length < PACKET_HEAD) return;
    const size = packetSize(packet);
    if (size instanceof Refusal) return this.#refuse(size);
    const end = PACKET_HEAD + size;
    if (packet.length < end) return;
    const variables = parseVariables(packet.subarray(PACKET_HEAD, end));
    if (variables instanceof Refusal) return this.#refuse(variables);
    const { limits } = this.#options.settings;
    const request = uwsgiRequest(variables, this.#peer, limits);
    if (request instanceof Refusal) return this.#refuse(request);
    this.#begun = true;
    this.#packet = Buffer.alloc(0);
    const { head, client } = request;
    const body = head.length > 0 ? new Http1Body(head.length, limits, this) : null;
    const exchange = new Http1Exchange(head, body ?? NO_BODY, client, performance.now(), this);
    exchange.rewritten = request.rewritten;
    exchange.environ = [...variables];
    this.#exchange = exchange;
    this.#body = body;
    this.#options.handler().handle(exchange);
    if (packet.length > end) this.#feed(packet.subarray(end));
  }

  #feed(chunk: Buffer): void {
    const body = this.#body;
    if (body === null || this.#finished) return;
    this.#taking = true;
    const end = body.feed(chunk, 0);
    this.#taking = false;
    if (body.complete) this.#body = null;
    else if (body.blocked) {
      this.#held = Buffer.from(chunk.subarray(end));
      this.#socket.pause();
    }
  }

  #endOfInput(): void {
    this.#ended = true;
    if (this.#exchange === null || (this.#body !== null && !this.#body.exhausted && this.#held === null))
      this.#socket.destroy();
  }

  bodyAsked(): void {
    this.continueInput();
  }

  continueInput(): void {
    if (this.#taking || this.#held === null || this.#body?.blocked) return;
    const held = this.#held;
    this.#held = null;
    this.#feed(held);
    if (this.#held === null) this.#socket.resume();
  }

  // --- the exchange's side ---

  maySend(): boolean {
    return !this.output.blocked;
  }

  isFirst(): boolean {
    return true;
  }

  closesAfter(): boolean {
    return true;
  }

  exchangeEnded(exchange: Http1Exchange): void {
    this.#exchange = null;
    this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
    this.#finish();
  }

  /** Not offered: `upgradable` is never true here. */
  exchangeSwitched(): void {
    this.#socket.destroy();
  }

  exchangeCut(exchange: Http1Exchange, reset: boolean): void {
    this.#exchange = null;
    this.#finished = true;
    this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
    this.output.flush();
    // The end of such an answer is that of the connection; over TCP a reset tells the front that it is not whole.
    if (reset && this.#socket.remoteAddress !== undefined) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  // --- the end ---

  #refuse(refusal: Refusal): void {
    this.#begun = true;
    this.#options.observer.refused(this.#peer, refusal.status, `uwsgi: ${refusal.reason}`, "");
    this.output.text(refusalAnswer(refusal, "", this.serverLine));
    this.#finish();
  }

  /** All is said: closes our side, and goes on reading so that the front sees the answer instead of a reset. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#body?.discard();
    this.#body = null;
    this.#held = null;
    this.output.flush();
    this.#socket.end();
    this.#socket.resume();
  }

  #closed(): void {
    stopSweeping(this);
    this.#finished = true;
    this.#held = null;
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange !== null) {
      exchange.abort();
      this.#body?.fail(new Refusal(499, "the client went away"));
      this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
    }
    this.#body = null;
    this.#options.observer.connectionClosed();
  }

  // --- time ---

  tick(now: number): void {
    if (this.#clock.writeStalled(now)) return void this.#socket.destroy();
    const awaited = this.#awaits();
    const counts = awaited === "body" || awaited === "close";
    if (!this.#clock.overdue(awaited, counts ? this.#socket.bytesRead : 0, now)) return;
    if (awaited === "head") this.#refuse(new Refusal(408, "the request's variables took too long"));
    else if (awaited === "body") this.#failBody();
    else this.#socket.destroy();
  }

  #awaits(): Awaited {
    if (this.#finished) return this.#socket.writableLength > 0 ? "nothing" : "close";
    if (!this.#begun) return this.#packet.length === 0 ? "first request" : "head";
    if (this.#ended) return this.#exchange?.begun === false ? "half-closed" : "nothing";
    return this.#body === null || this.#body.blocked || this.#body.exhausted ? "nothing" : "body";
  }

  #failBody(): void {
    const refusal = new Refusal(408, "the request's body took too long");
    const body = this.#body;
    this.#body = null;
    body?.fail(refusal);
    if (this.#exchange?.answered === false) this.#exchange.fail(refusal.status, refusal.reason);
  }
}
