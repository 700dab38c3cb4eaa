import type { EncodedHead } from "./encoded-head.ts";
import type { SerialisedHead } from "./serialised-head.ts";

/**
 * Status and fields of a response. Immutable, so that a handler that answers alike again and again keeps one and each
 * protocol keeps its serialised form in it (`http1`, `http2`).
 */
export class ResponseHead {
  readonly status: number;
  /** Reason phrase; empty for the standard one. */
  readonly reason: string;
  /** Fields in order, names as they are to be sent. Valid (no CR, LF or NUL): build from foreign input with `checkedHead`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Filled by the HTTP/1.1 serialiser. */
  http1: SerialisedHead | null = null;
  /** Filled by the HTTP/2 encoder. */
  http2: EncodedHead | null = null;

  constructor(status: number, headers: readonly (readonly [string, string])[], reason = "") {
    this.status = status;
    this.headers = headers;
    this.reason = reason;
  }
}
