import type { Duplex } from "node:stream";
import { ResponseHead } from "../http/response-head.ts";
import { GOING_AWAY, PROTOCOL_ERROR, RESTART } from "../websocket/frame.ts";
import { WebSocket, type WebSocketSettings, type WebSocketUser } from "../websocket/socket.ts";
import type { AppAnswer, AppRequest } from "./app-request.ts";
import type { Channel } from "./channel.ts";
import { CLOSE, MESSAGE_BINARY, MESSAGE_MORE, MESSAGE_REST, MESSAGE_TEXT } from "./frames.ts";

/** WebSockets of one app, counted. */
export interface WebSocketFigures {
  /** Open now, and accepted ever. */
  open: number;
  accepted: number;
  /** Messages from clients and to them. */
  received: number;
  sent: number;
}

export interface WebSocketSurroundings {
  readonly settings: WebSocketSettings;
  readonly figures: WebSocketFigures;
  warn(message: string): void;
}

/** A WebSocket between its client, who speaks RFC 6455, and its app, whose worker is told whole messages on a stream connection. */
export class AppWebSocket implements AppAnswer, WebSocketUser {
  readonly #request: AppRequest;
  readonly #channel: Channel;
  readonly #surroundings: WebSocketSurroundings;
  #socket: WebSocket | null = null;
  /** What the app said before the client's side had switched. */
  #early: Buffer[] = [];
  #closing: { readonly code: number; readonly reason: string } | null = null;
  #text = true;
  #first = true;
  #over = false;
  /** The worker does not keep up: its connection's drain is awaited. */
  #waits = false;

  constructor(request: AppRequest, channel: Channel, surroundings: WebSocketSurroundings) {
    this.#request = request;
    this.#channel = channel;
    this.#surroundings = surroundings;
  }

  /** The app accepts: the client gets 101 with the app's `fields`. */
  accept(fields: readonly (readonly [string, string])[]): void {
    const { exchange, handshake } = this.#request;
    const own = fields.filter(([name]) => !/^(?:upgrade|sec-websocket-accept|content-length)$/i.test(name));
    const head = new ResponseHead(101, [["Upgrade", "websocket"], ["Sec-WebSocket-Accept", handshake!.accept], ...own]);
    exchange.tunnel(head, (client) => this.#begin(client));
  }

  /** A MESSAGE of the app. */
  say(payload: Buffer): void {
    if (this.#socket === null) this.#early.push(payload);
    else if (!this.#send(payload)) this.#channel.pause();
  }

  /** A CLOSE of the app. */
  close(code: number, reason: string): void {
    this.#closing ??= { code, reason };
    this.#socket?.close(code, reason);
  }

  // --- AppAnswer: the exchange is over for the app ---

  write(): void {}

  end(): void {
    this.close(1000, "");
  }

  fail(): void {
    this.close(RESTART, "the server restarts");
  }

  cancel(): void {
    this.#over = true;
    this.#socket?.destroy();
  }

  /** The edge stops. */
  goAway(): void {
    this.close(GOING_AWAY, "the server stops");
  }

  // --- WebSocketUser ---

  message(text: boolean, data: Buffer): boolean {
    this.#surroundings.figures.received++;
    const drained = (): void => {
      this.#waits = false;
      this.#socket?.resume();
    };
    const kind = text ? MESSAGE_TEXT : MESSAGE_BINARY;
    // More of what was read at once may follow: one look at the drain is enough.
    if (!this.#channel.message(this.#request.stream, kind, data, this.#waits ? null : drained)) this.#waits = true;
    return !this.#waits;
  }

  drained(): void {
    this.#channel.resume();
  }

  closed(code: number, reason: string): void {
    this.#surroundings.figures.open--;
    this.#channel.resume();
    if (this.#over) return;
    this.#over = true;
    // Of a worker that has said CLOSE itself this tells how it went; it has gone on.
    const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
    payload.writeUInt16LE(code);
    this.#channel.send(CLOSE, this.#request.stream, payload);
  }

  // --- internal ---

  #begin(client: Duplex): void {
    const { figures, settings } = this.#surroundings;
    const { exchange } = this.#request;
    exchange.onAbort = null;
    exchange.onInputEnd = null;
    figures.open++;
    figures.accepted++;
    const socket = new WebSocket(client, settings, this);
    this.#socket = socket;
    socket.start();
    let flows = true;
    for (const payload of this.#early) flows = this.#send(payload) && flows;
    this.#early = [];
    if (this.#over) socket.destroy();
    else if (this.#closing !== null) socket.close(this.#closing.code, this.#closing.reason);
    else if (!flows) this.#channel.pause();
  }

  /** Returns false when the client does not keep up. */
  #send(payload: Buffer): boolean {
    const kind = payload[0]! & ~MESSAGE_MORE;
    const last = (payload[0]! & MESSAGE_MORE) === 0;
    if ((kind === MESSAGE_REST) === this.#first || kind > MESSAGE_BINARY) {
      this.#surroundings.warn("a worker sent pieces of a WebSocket message out of order");
      this.close(PROTOCOL_ERROR, "");
      return true;
    }
    if (kind !== MESSAGE_REST) this.#text = kind === MESSAGE_TEXT;
    const first = this.#first;
    this.#first = last;
    if (last) this.#surroundings.figures.sent++;
    return this.#socket!.send(this.#text, payload.subarray(1), first, last);
  }
}
