import type { Exchange } from "../http/exchange.ts";
import type { AnswerBody } from "../spool/answer-body.ts";
import type { SpooledBody } from "../spool/spooled-body.ts";
import type { RequestBlock } from "./request-block.ts";

/** One exchange on its way through a pool: waiting, sent to a worker, answered. */
export class AppRequest {
  readonly exchange: Exchange;
  readonly block: RequestBlock;
  /** `method NUL PATH_INFO NUL ...` of the REQUEST frame. */
  readonly head: string;
  readonly body: SpooledBody | null;
  stream = 0;
  /** When it joined the queue, ms. */
  waitingSince = 0;
  /** The how-manieth REQUEST of its worker's data connection it was. */
  order = 0;
  retried = false;
  /** The client went away: an answer is dropped. */
  gone = false;
  /** Its answer, once it has begun to stream. */
  answer: AnswerBody | null = null;

  constructor(exchange: Exchange, block: RequestBlock, head: string, body: SpooledBody | null) {
    this.exchange = exchange;
    this.block = block;
    this.head = head;
    this.body = body;
  }
}

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** Whether running it twice does what running it once does (RFC 9110 §9.2.2). */
export function isIdempotent(request: AppRequest): boolean {
  return IDEMPOTENT.has(request.exchange.method);
}
