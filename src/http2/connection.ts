import type { Socket } from "node:net";
import { clientOf } from "../http/client-address.ts";
import type { Client } from "../http/exchange.ts";
import { Output } from "../http/output.ts";
import { type Swept, startSweeping, stopSweeping } from "../http/sweeper.ts";
import { type Awaited, Timekeeper } from "../http/timekeeper.ts";
import { ConnectionFault, ErrorCode, protocolFault } from "./error-code.ts";
import { goawayFrame, PREFACE, pingFrame } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Http2Options } from "./http2-options.ts";
import { greeting } from "./own-settings.ts";
import { Http2Session, type SessionOwner } from "./session.ts";

/** No stream is the last one yet. */
const NO_LAST = 0x7fffffff;
/** What the PING behind the first GOAWAY carries: its answer says that the client has seen both. */
const FAREWELL = "farewell";
/** A client that doesn't answer it is not waited for longer, ms. */
const FAREWELL_TIME = 1000;

/**
 * One client connection that speaks HTTP/2 (RFC 9113). Construct, `start`, and it ends itself; `shutdown` and `destroy` end it
 * early. This is the part that has to do with the socket and with time; `Http2Session` is the protocol. Push, Upgrade and
 * priorities are not offered (RFC 9113 §5.3.2 has deprecated those of RFC 7540).
 */
export class Http2Connection implements SessionOwner, Swept {
  readonly output: Output;
  readonly #socket: Socket;
  readonly #options: Http2Options;
  readonly #client: Client;
  readonly #clock: Timekeeper;
  readonly #session: Http2Session;
  readonly #frames = new FrameReader();
  /** Bytes of the preface that have come. */
  #prefaced = 0;
  /** Input that can't be taken yet; the socket is paused meanwhile. */
  #held: Buffer | null = null;
  #taking = false;
  /** Frames that have come, for the timeouts. */
  #count = 0;
  #swept = 0;
  /** GOAWAY was said, without and with the last stream. */
  #announced = 0;
  #closing = false;
  /** The connection is counted elsewhere. */
  #counted = false;
  #finished = false; // our side is closed

  constructor(socket: Socket, options: Http2Options) {
    this.#socket = socket;
    this.#options = options;
    this.#client = clientOf(socket, options);
    this.#clock = new Timekeeper(socket, options.settings.timeouts);
    this.output = new Output(socket);
    this.#session = new Http2Session(options, this.#client, this);
  }

  /** `first`: what was read already of a connection that was taken for HTTP/1.1, and is counted. */
  start(first: Buffer | null = null): void {
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // Who has closed its side can't open windows any more.
    socket.on("end", () => socket.destroy());
    socket.on("drain", () => this.#drained());
    // Whatever fails, "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#closed());
    startSweeping(this);
    if (first === null) this.#options.observer.connectionOpened();
    else this.#counted = true;
    this.output.text(greeting(this.#options.http2.streams, this.#session.headers.listLimit));
    if (first !== null) this.#receive(first);
  }

  get idle(): boolean {
    return this.#session.streams.size === 0;
  }

  /** Requests that are being received or answered. */
  get answering(): number {
    return this.#session.streams.size;
  }

  /**
   * Lets the streams end and closes (RFC 9113 §6.8): says that no more are wanted, takes those that are on their way until the
   * client has seen it, then says which was the last.
   */
  shutdown(): void {
    if (this.#announced > 0 || this.#closing || this.#finished) return;
    this.#announced = performance.now();
    this.output.text(goawayFrame(NO_LAST, ErrorCode.NO_ERROR) + pingFrame(FAREWELL, false));
    if (!this.#session.settled) this.#close();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // --- input ---

  #receive(chunk: Buffer): void {
    if (this.#finished) return;
    if (this.#held === null) this.#take(chunk);
    else this.#held = Buffer.concat([this.#held, chunk]);
  }

  /** Takes as much of `input` as can be taken now; what is answered meanwhile leaves in one write. */
  #take(input: Buffer): void {
    this.#taking = true;
    this.output.hold();
    try {
      this.#consume(input);
    } finally {
      this.#frames.release();
      this.#session.outgoing.pump();
      this.#taking = false;
      this.output.release();
    }
    if (this.#closing && this.idle) this.#finish();
  }

  #consume(input: Buffer): void {
    const now = performance.now();
    let at = this.#prefaced < PREFACE.length ? this.#preface(input) : 0;
    while (at >= 0 && !this.#finished) {
      // A client that does not read what it is sent is not asked for more.
      if (this.output.blocked && at < input.length) {
        this.#held = input.subarray(at);
        this.#socket.pause();
        return;
      }
      at = this.#frames.read(input, at);
      if (at < 0) break;
      this.#count++;
      const fault = this.#session.frame(this.#frames, now);
      if (fault !== null) return this.#fail(fault);
    }
    if (this.#frames.oversized)
      this.#fail(new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame is longer than 16384 bytes"));
  }

  /** Returns where the preface ends, or -1. */
  #preface(input: Buffer): number {
    const count = Math.min(PREFACE.length - this.#prefaced, input.length);
    if (input.latin1Slice(0, count) !== PREFACE.slice(this.#prefaced, this.#prefaced + count)) {
      this.#fail(protocolFault("the connection does not begin as HTTP/2"));
      return -1;
    }
    this.#prefaced += count;
    return this.#prefaced < PREFACE.length ? -1 : count;
  }

  #drained(): void {
    this.output.blocked = false;
    this.#session.outgoing.pump();
    const input = this.#held;
    if (input === null || this.output.blocked || this.#taking || this.#finished) return;
    this.#held = null;
    this.#take(input);
    if (this.#held === null) this.#socket.resume();
  }

  // --- the session's side ---

  pingAnswered(opaque: string): void {
    if (this.#announced > 0 && opaque === FAREWELL) this.#close();
  }

  clientLeaves(): void {
    this.#close();
  }

  allOver(): void {
    if (this.#closing && !this.#taking) this.#finish();
  }

  // --- the end ---

  /** Says which stream was the last, and ends after it. */
  #close(): void {
    if (this.#closing || this.#finished) return;
    this.#closing = true;
    this.#session.closing = true;
    this.output.text(goawayFrame(this.#session.last, ErrorCode.NO_ERROR));
    if (this.idle && !this.#taking) this.#finish();
  }

  /** The client breaks the protocol, or is a nuisance (RFC 9113 §5.4.1). */
  #fail({ code, reason }: ConnectionFault): void {
    if (this.#finished) return;
    const status = code === ErrorCode.ENHANCE_YOUR_CALM ? 429 : 400;
    this.#options.observer.refused(this.#client, status, `HTTP/2: ${reason}`, "");
    this.output.text(goawayFrame(this.#session.last, code));
    this.#finish();
  }

  /** All is said: closes our side, and goes on reading so that the client sees GOAWAY instead of a reset. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#session.abortAll();
    this.#held = null;
    this.output.flush();
    this.#socket.end();
    this.#socket.resume();
  }

  #closed(): void {
    stopSweeping(this);
    this.#finished = true;
    this.#held = null;
    this.#session.abortAll();
    if (!this.#counted) this.#options.observer.connectionClosed();
  }

  // --- time ---

  tick(now: number): void {
    const elapsed = this.#swept === 0 ? 0 : now - this.#swept;
    this.#swept = now;
    if (this.#clock.writeStalled(now)) {
      this.#socket.destroy();
      return;
    }
    if (!this.#finished && !this.output.blocked) this.#session.sweep(now, elapsed);
    if (this.#announced > 0 && now - this.#announced > FAREWELL_TIME) this.#close();
    const awaited = this.#awaits();
    if (this.#clock.overdue(awaited, this.#progress(awaited), now)) this.#giveUp(awaited);
  }

  /** A number that changes when something comes of what is awaited. A header block in many frames is one thing. */
  #progress(awaited: Awaited): number {
    if (awaited === "close") return this.#socket.bytesRead;
    return awaited === "head" && this.#session.headers.stream === 0 ? this.#count : this.#session.last;
  }

  #awaits(): Awaited {
    if (this.#finished) return this.#socket.writableLength > 0 ? "nothing" : "close";
    if (!this.#session.settled) return "first request";
    if (this.#held !== null) return "nothing";
    if (this.#session.headers.stream !== 0) return "head";
    if (!this.idle) return "nothing";
    return this.#frames.partial ? "head" : "request";
  }

  #giveUp(awaited: Awaited): void {
    if (awaited === "close") {
      this.#socket.destroy();
      return;
    }
    if (awaited === "head")
      this.#options.observer.refused(this.#client, 408, "HTTP/2: the request's head took too long", "");
    this.output.text(goawayFrame(this.#session.last, ErrorCode.NO_ERROR));
    this.#finish();
  }
}
