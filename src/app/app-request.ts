import { type DeadlineConfig, NO_DEADLINE } from "../config/deadline-model.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Handshake } from "../websocket/handshake.ts";
import type { AppBody } from "./app-body.ts";
import type { BlockContext, RequestBlock } from "./request-block.ts";

/** An answer that has begun: pieces come over time. */
export interface AppAnswer {
  write(piece: Buffer): void;
  end(trailers?: readonly (readonly [string, string])[]): void;
  /** The worker failed to complete it. */
  fail(reason: string): void;
  /** Nobody wants it. */
  cancel(): void;
}

/** A route's part of an app, as its requests know it (`route-share.ts`). */
export interface Share {
  /** `pass`: to the app's queue with it. `wait`: it is kept. `full`: neither. */
  take(request: AppRequest): "pass" | "wait" | "full";
  /** One that was passed on is over. */
  release(): void;
  /** Those that may be passed on now. */
  admit(): readonly AppRequest[];
  /** One that is kept has left (its `gone` is set). */
  left(): void;
}

/** One exchange on its way through a pool: waiting, sent to a worker, answered. */
export class AppRequest {
  readonly exchange: Exchange;
  /** For the kind of worker that its pool had when it came; another kind makes another. */
  block: RequestBlock;
  readonly context: BlockContext;
  /** `method NUL PATH_INFO NUL ...` of the REQUEST frame. */
  readonly head: string;
  readonly body: AppBody | null;
  /** The client asks for a WebSocket: a worker with an event loop gives it one. */
  readonly handshake: Handshake | null;
  stream = 0;
  /** When it joined the queue, ms. */
  waitingSince = 0;
  /** When it was sent to a worker, ms. */
  sentAt = 0;
  /** The how-manieth REQUEST of its worker's data connection it was. */
  order = 0;
  retried = false;
  /** The client went away: an answer is dropped. */
  gone = false;
  /** Tells the worker that the client went away; set while an event loop runs it. */
  left: (() => void) | null = null;
  deadline: DeadlineConfig = NO_DEADLINE;
  /** The part of the app that its route has; null: all. */
  share: Share | null = null;
  /** It is past its soft deadline: its client was told. */
  late = false;
  /** Its route's share has passed it on. */
  admitted = false;
  /** Its answer, once it has begun to stream. */
  answer: AppAnswer | null = null;

  constructor(
    exchange: Exchange,
    block: RequestBlock,
    context: BlockContext,
    head: string,
    body: AppBody | null,
    handshake: Handshake | null = null,
  ) {
    this.exchange = exchange;
    this.block = block;
    this.context = context;
    this.head = head;
    this.body = body;
    this.handshake = handshake;
  }
}

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** Whether running it twice does what running it once does (RFC 9110 §9.2.2). */
export function isIdempotent(request: AppRequest): boolean {
  return IDEMPOTENT.has(request.exchange.method);
}
