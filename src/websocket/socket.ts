import type { Duplex } from "node:stream";
import {
  ABNORMAL,
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  frameHead,
  GOING_AWAY,
  PING,
  PONG,
  TEXT,
} from "./frame.ts";
import { MessageReader, type MessageSink } from "./message-reader.ts";

/** Milliseconds for the client to answer our Close frame, and to read what is left. */
const CLOSE_TIMEOUT = 5000;

/** Milliseconds and bytes; 0: never. */
export interface WebSocketSettings {
  /** Longest message of a client. */
  readonly messageSize: number;
  /** A client that has been silent so long is pinged, and given up when it stays silent as long again. */
  readonly ping: number;
  /** Longest life of a connection, which is then closed with 1001. */
  readonly lifetime: number;
}

/** Who the messages are for. */
export interface WebSocketUser {
  /** false: read no more until `resume` is called. */
  message(text: boolean, data: Buffer): boolean;
  /** The client reads again after `send` returned false. */
  drained(): void;
  /** Called once: it is closed, by whomever. */
  closed(code: number, reason: string): void;
}

/** A server's side of one WebSocket after the handshake (RFC 6455): messages both ways, pings, the closing handshake. */
export class WebSocket implements MessageSink {
  readonly #stream: Duplex;
  readonly #settings: WebSocketSettings;
  readonly #user: WebSocketUser;
  readonly #reader: MessageReader;
  #lifetime: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;
  #pinged = false;
  /** The last ping of what was read: of several, one alone has to be answered (RFC 6455 §5.5.3). */
  #asked: Buffer | null = null;
  /** A message of several pieces is being sent. */
  #fragmented = false;
  /** Our Close frame has left; the user knows. */
  #closing = false;
  #told = false;
  /** Held back by the user, or by pongs that the client does not read. */
  #full = false;
  #held = false;

  /** `stream`: all that follows the handshake, paused. */
  constructor(stream: Duplex, settings: WebSocketSettings, user: WebSocketUser) {
    this.#stream = stream;
    this.#settings = settings;
    this.#user = user;
    this.#reader = new MessageReader(settings.messageSize, this);
  }

  start(): void {
    const { ping, lifetime } = this.#settings;
    const stream = this.#stream;
    stream.on("data", (chunk: Buffer) => {
      this.#pinged = false;
      if (!this.#closing) this.#idle?.refresh();
      this.#reader.push(chunk);
      if (this.#asked !== null) this.#pong(this.#asked);
    });
    stream.on("drain", () => {
      this.#full = false;
      this.#flow();
      if (!this.#closing) this.#user.drained();
    });
    // Closed without a Close frame: nobody is there to answer.
    stream.on("end", () => stream.destroy());
    stream.on("error", () => {}); // "close" follows
    stream.on("close", () => this.#gone());
    if (ping > 0) this.#idle = setTimeout(() => this.#silent(), ping);
    if (lifetime > 0)
      this.#lifetime = setTimeout(() => this.close(GOING_AWAY, "the connection's time is up"), lifetime);
    stream.resume();
  }

  /**
   * Sends a message, or a piece of it: `first` begins one, `last` ends it. Returns false when the client does not keep up: wait for
   * `drained`.
   */
  send(text: boolean, data: Buffer, first: boolean, last: boolean): boolean {
    if (this.#closing || (!first && !this.#fragmented)) return true;
    this.#fragmented = !last;
    return this.#write(first ? (text ? TEXT : BINARY) : CONTINUATION, data, last);
  }

  /** Reads on after `message` returned false. */
  resume(): void {
    this.#held = false;
    this.#flow();
  }

  /** Begins the closing handshake (RFC 6455 §7.1.2); at once for a connection that is closing already. */
  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#write(CLOSE, closePayload(code, reason), true);
    this.#tell(code, reason);
    this.#wait();
    // The answer is awaited, whatever was held back: data before it is passed over.
    this.#held = false;
    this.#full = false;
    this.#flow();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  // --- MessageSink ---

  message(text: boolean, data: Buffer): void {
    if (this.#closing) return;
    if (!this.#user.message(text, data)) {
      this.#held = true;
      this.#flow();
    }
  }

  ping(data: Buffer): void {
    this.#asked = data;
  }

  pong(): void {}

  closed(code: number, reason: string): void {
    if (!this.#closing) {
      this.#closing = true;
      this.#write(CLOSE, closePayload(code, ""), true);
      this.#tell(code, reason);
      this.#wait();
    }
    // The server closes first (RFC 6455 §7.1.1).
    this.#stream.end();
  }

  failed(code: number, reason: string): void {
    if (this.#closing) {
      this.#stream.destroy();
      return;
    }
    this.#closing = true;
    this.#write(CLOSE, closePayload(code, reason), true);
    this.#tell(code, reason);
    this.#wait();
    this.#stream.end();
    // What the client still sends is read and thrown away, so that it sees the Close frame and not a reset.
    this.#flow();
  }

  // --- internal ---

  #pong(data: Buffer): void {
    this.#asked = null;
    if (this.#closing || this.#write(PONG, data, true)) return;
    this.#full = true;
    this.#flow();
  }

  #write(opcode: number, data: Buffer, final: boolean): boolean {
    const stream = this.#stream;
    if (!stream.writable) return true;
    const head = frameHead(opcode, data.length, final);
    if (data.length <= 4096) return stream.write(Buffer.concat([head, data]));
    stream.cork();
    stream.write(head);
    const kept = stream.write(data);
    process.nextTick(() => stream.uncork());
    return kept;
  }

  #flow(): void {
    if (this.#held || this.#full) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Nothing has come for a while. A client that we hold back ourselves is not asked. */
  #silent(): void {
    if (this.#closing) return;
    if (this.#held || this.#full) this.#pinged = false;
    else if (this.#pinged) {
      this.#stream.destroy();
      return;
    } else {
      this.#pinged = true;
      this.#write(PING, Buffer.alloc(0), true);
    }
    this.#idle?.refresh();
  }

  #wait(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#stream.destroy(), CLOSE_TIMEOUT);
  }

  #gone(): void {
    this.#closing = true;
    if (this.#idle !== null) clearTimeout(this.#idle);
    if (this.#lifetime !== null) clearTimeout(this.#lifetime);
    this.#tell(ABNORMAL, "");
  }

  #tell(code: number, reason: string): void {
    if (this.#lifetime !== null) clearTimeout(this.#lifetime);
    if (this.#told) return;
    this.#told = true;
    this.#user.closed(code, reason);
  }
}
