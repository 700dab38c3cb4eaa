import { hasNoContent } from "../../http/status.ts";
import { quoted } from "../answer-head.ts";
import type { AnswerParser, AnswerSink, UpstreamRequest } from "../protocol.ts";
import { parseCgiHead } from "./cgi-head.ts";

/** Bytes of one head. */
const HEAD_LIMIT = 64 * 1024;
const LF = 10;
const CR = 13;

type Asked = Pick<UpstreamRequest, "method" | "upgrade"> & { readonly bodyLength?: number };
type State = "head" | "length" | "close" | "empty" | "done";

/**
 * What ends an answer without Content-Length: `closed`, the connection's end; `records`, what is around it (FastCGI's END_REQUEST,
 * told by `complete`), which with a length is waited for too; `kept`, nothing, for the connection goes on: such an answer is refused.
 */
type Ending = "closed" | "records" | "kept";

/** Reads an answer of CGI: a head, then the body to its Content-Length, or to the end of what comes. What follows the length is dropped. */
export class CgiAnswer implements AnswerParser {
  readonly #request: Asked;
  readonly #sink: AnswerSink;
  readonly #ending: Ending;
  #state: State = "head";
  #partial: Buffer | null = null;
  #remaining = 0;

  constructor(request: Asked, sink: AnswerSink, ending: Ending = "closed") {
    this.#request = request;
    this.#sink = sink;
    this.#ending = ending;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  push(chunk: Buffer): void {
    if (this.#state === "head") this.#takeHead(chunk);
    else this.#takeBody(chunk);
  }

  closed(): void {
    this.complete(false);
  }

  /** The program has said all. `reusable`: the connection can carry another request. */
  complete(reusable: boolean): void {
    switch (this.#state) {
      case "done":
        return;
      case "head":
        this.fail(this.#partial === null ? "ended without an answer" : "ended in the head of its answer");
        return;
      case "length":
        if (this.#remaining > 0) {
          this.fail(`ended ${this.#remaining} bytes before the end of the body`);
          return;
        }
        break;
    }
    this.#end(reusable);
  }

  /** The answer is not valid, or can't be completed. */
  fail(reason: string): void {
    if (this.#state === "done") return;
    this.#state = "done";
    this.#partial = null;
    this.#sink.bad(reason);
  }

  // --- internal ---

  #takeHead(chunk: Buffer): void {
    const looked = this.#partial === null ? 0 : this.#partial.length;
    const input = this.#partial === null ? chunk : Buffer.concat([this.#partial, chunk]);
    // The line end before an empty line may have come with the piece before.
    const found = headEnd(input, Math.max(0, looked - 2));
    if (found === null) {
      if (input.length > HEAD_LIMIT) this.fail(`the head is larger than ${HEAD_LIMIT} bytes`);
      else this.#partial = looked === 0 ? Buffer.from(chunk) : input;
      return;
    }
    this.#partial = null;
    if (found.end > HEAD_LIMIT) this.fail(`the head is larger than ${HEAD_LIMIT} bytes`);
    else this.#begin(input.latin1Slice(0, found.end), found.body < input.length);
    if (found.body < input.length) this.#takeBody(input.subarray(found.body));
  }

  #begin(text: string, more: boolean): void {
    const head = parseCgiHead(text);
    if (typeof head === "string") return this.fail(head);
    if (head.status < 200 && !(head.status === 101 && this.#request.upgrade !== undefined))
      return this.fail(`the status ${quoted(String(head.status))} ends no request`);
    if (head.status === 101) {
      this.#state = "close";
      this.#sink.head(head, -1);
    } else if (this.#request.method === "HEAD" || hasNoContent(head.status)) {
      this.#state = "empty";
      this.#sink.head(head, 0);
      this.#endOfLength(false);
    } else if (head.length >= 0) {
      this.#state = "length";
      this.#remaining = head.length;
      this.#sink.head(head, head.length);
      if (head.length === 0) this.#endOfLength(more);
    } else if (this.#ending === "kept") {
      this.fail(
        "the answer has no Content-Length, so on a kept connection nothing ends it: use uwsgi:// and uWSGI's socket",
      );
    } else {
      this.#state = "close";
      this.#sink.head(head, -1);
    }
  }

  #takeBody(chunk: Buffer): void {
    if (this.#state === "close") {
      if (chunk.length > 0) this.#sink.data(Buffer.from(chunk));
    } else if (this.#state === "length" && this.#remaining > 0 && chunk.length > 0) {
      // What goes beyond the length would be read as another message; it is dropped.
      const piece = chunk.subarray(0, this.#remaining);
      this.#remaining -= piece.length;
      this.#sink.data(Buffer.from(piece));
      if (this.#remaining === 0) this.#endOfLength(piece.length < chunk.length);
    }
  }

  #endOfLength(more: boolean): void {
    if (this.#ending !== "records") this.#end(this.#ending === "kept" && !more && this.#leavesNothing());
  }

  /**
   * uWSGI checks neither that an app reads the whole body of a request nor that it sends none to HEAD, and what is left over would be
   * taken for a message. After those the connection is not used again.
   */
  #leavesNothing(): boolean {
    return this.#request.bodyLength === 0 && this.#state === "length";
  }

  #end(reusable: boolean): void {
    if (this.#state === "done") return;
    this.#state = "done";
    this.#sink.end(reusable, []);
  }
}

/** Where a head ends and where its body begins: at a line end followed by an empty line, each CRLF or LF alone. */
function headEnd(input: Buffer, from: number): { end: number; body: number } | null {
  for (let at = input.indexOf(LF, from); at >= 0; at = input.indexOf(LF, at + 1)) {
    const next = input[at + 1] === CR ? at + 2 : at + 1;
    if (input[next] === LF) return { end: input[at - 1] === CR ? at - 1 : at, body: next + 1 };
  }
  return null;
}
