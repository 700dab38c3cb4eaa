import type { ResponseHead } from "../http/response-head.ts";
import type { BodyFeed, BodyTaker } from "./body-feed.ts";
import { type ConnectionUser, UpstreamConnection } from "./connection.ts";
import type { Destination } from "./destination.ts";
import type { AnswerParser, AnswerSink, Protocol, UpstreamRequest } from "./protocol.ts";
import type { Target } from "./target.ts";

/** Why a try failed, as `ProxyConfig.retry.on` names it; `refused`: the request can't be said in the target's protocol. */
export type AttemptFailure = "error" | "timeout" | "invalid-header" | "refused";

export interface AttemptTimeouts {
  readonly connectTimeout: number;
  readonly sendTimeout: number;
  readonly readTimeout: number;
}

/** An answer's body on its way to the client. */
export interface AnswerWriter {
  write(piece: Buffer): void;
  end(trailers: readonly (readonly [string, string])[]): void;
  fail(reason: string): void;
}

/** The exchange, as its tries see it. */
export interface AttemptOwner {
  /** A connection to the target is about to be opened. */
  opening(target: Target): void;
  /** Takes an idle connection to the target, where there is one that will do. */
  takeKept(target: Target, key: string): UpstreamConnection | null;
  inform(head: ResponseHead): void;
  /** Whether the next target is to be asked instead of passing this answer on. */
  rejects(status: number): boolean;
  rejected(attempt: Attempt, status: number): void;
  /** The whole answer came at once; the attempt is over. */
  answeredWhole(head: ResponseHead, body: Buffer | null): void;
  /** The answer's head, and perhaps some of its body; the rest goes to the writer that is returned. */
  answered(attempt: Attempt, head: ResponseHead, length: number): AnswerWriter;
  /** 101: the connection is the owner's, with what it has said already; the attempt is over. */
  switched(attempt: Attempt, head: ResponseHead, connection: UpstreamConnection, first: Buffer[]): void;
  connected(): void;
  /** The head of the answer has come. */
  heard(head: ResponseHead): void;
  /** Nothing of an answer has been passed on. */
  failed(attempt: Attempt, kind: AttemptFailure, reason: string): void;
  /** After `answered`: all is passed on, or it was cut. `reusable`: the connection can be kept. */
  finished(
    attempt: Attempt,
    reusable: boolean,
    failure: string | null,
    trailers: readonly (readonly [string, string])[],
  ): void;
  clientBodyFailed(status: number, reason: string): void;
  said(text: string): void;
}

const NO_TRAILERS: readonly (readonly [string, string])[] = [];

/** One try to have a request answered by one target. */
export class Attempt implements ConnectionUser, AnswerSink, BodyTaker {
  readonly target: Target;
  /** Its connection had carried exchanges before. */
  kept = false;
  /** Something was written. */
  sent = false;
  /** Bytes have come from the target. */
  heard = false;
  began = 0;
  /** Bytes of the answer's body so far. */
  bodyBytes = 0;
  readonly #owner: AttemptOwner;
  readonly #protocol: Protocol;
  readonly #request: UpstreamRequest;
  readonly #feed: BodyFeed;
  readonly #timeouts: AttemptTimeouts;
  #connection: UpstreamConnection | null = null;
  /** The connection that it had, and what had gone over that before. */
  #used: { readonly connection: UpstreamConnection; readonly before: UpstreamConnection["moved"] } | null = null;
  #parser: AnswerParser | null = null;
  #over = false;
  #bodySent = false;
  #paused = false;
  // The answer, until it is passed on.
  #head: ResponseHead | null = null;
  #length = 0;
  #pieces: Buffer[] = [];
  #writer: AnswerWriter | null = null;
  #ended = false;
  #reusable = false;
  #trailers = NO_TRAILERS;
  #fault: string | null = null;

  constructor(
    owner: AttemptOwner,
    target: Target,
    protocol: Protocol,
    request: UpstreamRequest,
    feed: BodyFeed,
    timeouts: AttemptTimeouts,
  ) {
    this.#owner = owner;
    this.target = target;
    this.#protocol = protocol;
    this.#request = request;
    this.#feed = feed;
    this.#timeouts = timeouts;
  }

  /** `fresh`: on a connection of its own, whatever is kept. */
  start(destination: Destination, now: number, fresh: boolean): void {
    this.began = now;
    const kept = fresh ? null : this.#owner.takeKept(this.target, destination.key);
    if (kept !== null) {
      this.kept = true;
      this.#connection = kept;
      this.#used = { connection: kept, before: kept.moved };
      kept.user = this;
      kept.restart();
      this.#send(kept);
      return;
    }
    this.#owner.opening(this.target);
    const connection = new UpstreamConnection(destination, this.target.sessions);
    this.#connection = connection;
    this.#used = { connection, before: NOTHING_MOVED };
    connection.user = this;
    this.target.metrics.connections.value++;
    connection.start();
  }

  /** The connection, for who keeps it after `finished`. */
  get connection(): UpstreamConnection | null {
    return this.#connection;
  }

  /** Bytes that this try has sent and received. */
  get moved(): UpstreamConnection["moved"] {
    if (this.#used === null) return NOTHING_MOVED;
    const { connection, before } = this.#used;
    const { sent, received } = connection.moved;
    return { sent: sent - before.sent, received: received - before.received };
  }

  /** The client is gone, or the answer is not wanted: nothing more is told. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#feed.stop();
    this.#connection?.close();
    this.#connection = null;
  }

  /** Back-pressure of the client. */
  pause(): void {
    if (this.#over) return;
    this.#paused = true;
    this.#connection?.pause();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    this.#connection?.restart();
    this.#connection?.resume();
  }

  // --- the connection's side ---

  connected(): void {
    this.target.metrics.connect.observe(performance.now() - this.began);
    this.#owner.connected();
    this.#send(this.#connection!);
  }

  received(chunk: Buffer): void {
    this.heard = true;
    this.#parser!.push(chunk);
    this.#passOn();
  }

  drained(): void {
    if (!this.#bodySent) this.#feed.resume();
  }

  ended(): void {
    if (this.#over) return;
    this.#parser?.closed();
    this.#passOn();
    // A parser that has told its end is told nothing more; the connection of an answer that is over is gone by now.
    if (!this.#over) this.#fail("error", "closed the connection");
  }

  lost(error: Error | null): void {
    if (this.#over) return;
    if (this.sent && this.#parser !== null && error === null) {
      this.ended();
      return;
    }
    const reason = error === null ? "closed the connection" : error.message;
    this.#fail("error", this.sent ? reason : `connect: ${reason}`);
  }

  patience(): number {
    if (this.#over) return 0;
    if (this.#parser === null) return this.#timeouts.connectTimeout;
    if (this.#paused) return 0;
    if (this.#connection!.unsent > 0) return this.#timeouts.sendTimeout;
    return this.#feed.awaitsClient && !this.#bodySent ? 0 : this.#timeouts.readTimeout;
  }

  overdue(): void {
    const what =
      this.#parser === null
        ? `connect: no connection after ${this.#timeouts.connectTimeout} ms`
        : this.#connection!.unsent > 0
          ? `took nothing of the request for ${this.#timeouts.sendTimeout} ms`
          : `said nothing for ${this.#timeouts.readTimeout} ms`;
    this.#fail("timeout", what);
  }

  // --- the request's body ---

  bodyPiece(piece: Buffer): boolean {
    if (this.#over) return false;
    let goOn = true;
    for (const part of this.#protocol.frame(this.#request, piece)) goOn = this.#connection!.writeBody(part);
    return goOn;
  }

  bodyEnd(trailers: readonly (readonly [string, string])[] = NO_TRAILERS): void {
    if (this.#over) return;
    const last = this.#protocol.finish(this.#request, trailers);
    if (last !== null) this.#connection!.write(last);
    this.#bodySent = true;
    this.#connection!.restart();
  }

  bodyFailed(status: number, reason: string): void {
    if (this.#over) return;
    this.abandon();
    this.#writer?.fail("the request's body failed");
    this.#owner.clientBodyFailed(status, reason);
  }

  // --- the answer ---

  inform(head: ResponseHead): void {
    this.#owner.inform(head);
  }

  head(head: ResponseHead, length: number): void {
    this.#head = head;
    this.#length = length;
    this.#owner.heard(head);
    this.target.metrics.response.observe(performance.now() - this.began);
  }

  data(piece: Buffer): void {
    this.bodyBytes += piece.length;
    if (this.#writer !== null) this.#writer.write(piece);
    else this.#pieces.push(piece);
  }

  end(reusable: boolean, trailers: readonly (readonly [string, string])[]): void {
    this.#ended = true;
    this.#reusable = reusable;
    this.#trailers = trailers;
  }

  bad(reason: string): void {
    this.#fault = reason;
  }

  said(text: string): void {
    this.#owner.said(text);
  }

  // --- internal ---

  #send(connection: UpstreamConnection): void {
    let head: Buffer | string;
    try {
      head = this.#protocol.begin(this.#request);
    } catch (error) {
      this.#fail("refused", error instanceof Error ? error.message : String(error));
      return;
    }
    this.sent = true;
    connection.requests++;
    this.#parser = this.#protocol.answer(this.#request, this);
    if (this.#feed.length === 0) {
      const last = this.#protocol.finish(this.#request);
      this.#bodySent = true;
      if (last === null) {
        connection.write(head);
        return;
      }
      connection.cork();
      connection.write(head);
      connection.write(last);
      connection.uncork();
      return;
    }
    connection.cork();
    connection.write(head);
    this.#feed.start(this);
    // The feed may have failed at once, and the connection be closed.
    if (this.#connection !== null) connection.uncork();
  }

  /** What one read has brought goes on at once: a whole answer as one, or the head and what there is of the body. */
  #passOn(): void {
    if (this.#over) return;
    if (this.#writer === null && this.#head !== null && this.#fault === null) this.#begin(this.#head);
    if (this.#over) return;
    if (this.#fault !== null) {
      const begun = this.#head !== null || !this.heard;
      this.#fail(begun ? "error" : "invalid-header", this.#fault);
    } else if (this.#ended && this.#writer !== null) {
      const writer = this.#writer;
      const reusable = this.#finish();
      this.#owner.finished(this, reusable, null, this.#trailers);
      writer.end(this.#trailers);
    }
  }

  #begin(head: ResponseHead): void {
    if (this.#owner.rejects(head.status)) {
      this.abandon();
      this.#owner.rejected(this, head.status);
      return;
    }
    if (head.status === 101) {
      this.#over = true;
      const connection = this.#connection!;
      this.#connection = null;
      this.#owner.switched(this, head, connection, this.#pieces);
      return;
    } else if (this.#ended && this.#trailers.length === 0) {
      const body =
        this.#pieces.length === 0 ? null : this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
      const reusable = this.#finish();
      // The connection is free before the answer leaves: what follows may use it.
      this.#owner.finished(this, reusable, null, this.#trailers);
      this.#owner.answeredWhole(head, body);
      return;
    } else {
      this.#writer = this.#owner.answered(this, head, this.#length);
    }
    for (const piece of this.#pieces) this.#writer.write(piece);
    this.#pieces = [];
  }

  /** Whether the connection can carry another request. */
  #finish(): boolean {
    this.#over = true;
    const connection = this.#connection!;
    const clean = this.#reusable && this.#request.keepAlive && this.#bodySent && connection.unsent === 0;
    if (!this.#bodySent) this.#feed.stop();
    if (clean) {
      // Its last bytes may wait for the client; the connection itself waits for nobody.
      if (this.#paused) connection.resume();
      return true;
    }
    connection.close();
    this.#connection = null;
    return false;
  }

  #fail(kind: AttemptFailure, reason: string): void {
    if (this.#over) return;
    this.abandon();
    if (this.#writer === null) {
      this.#owner.failed(this, kind, reason);
    } else {
      this.#owner.finished(this, false, reason, []);
      this.#writer.fail(reason);
    }
  }
}

const NOTHING_MOVED = { sent: 0, received: 0 } as const;
