import { Allowance } from "./allowance.ts";
import { ConnectionFault, ErrorCode } from "./error-code.ts";
import type { Http2Limits } from "./http2-options.ts";

/** A request earns so many frames without use; a KB that is sent earns one: a client that reads must open windows. */
const EARNED_BY_REQUEST = 3;

/** Whether a client is a nuisance: it gives up too many streams, or says too much that asks for nothing. */
export class Manners {
  readonly #resets: Allowance;
  readonly #useless: Allowance;
  #sent = 0;

  constructor(limits: Http2Limits) {
    this.#resets = new Allowance(limits.resets);
    this.#useless = new Allowance(limits.frames);
  }

  request(): void {
    this.#useless.add(EARNED_BY_REQUEST);
  }

  /** A stream came to nothing; `now`: ms. */
  reset(reason: string, now: number): ConnectionFault | null {
    return this.#resets.spend(now) ? null : new ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, reason);
  }

  /** A frame asked for nothing; `sent`: bytes that the client was sent so far. */
  useless(sent: number, now: number): ConnectionFault | null {
    this.#useless.add((sent - this.#sent) / 1024);
    this.#sent = sent;
    return this.#useless.spend(now)
      ? null
      : new ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many frames without use");
  }
}
