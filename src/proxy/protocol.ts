import type { ResponseHead } from "../http/response-head.ts";

/** What a target is asked, the same for every protocol. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query as they go to the target, percent-encoded; for gateway protocols only what `parameters` hold counts. */
  readonly target: string;
  /** Header fields that go on, hop-by-hop ones removed, Host first; names lower case, values latin-1. */
  readonly headers: readonly (readonly [string, string])[];
  /** uwsgi, FastCGI, SCGI: the variables, headers as HTTP_* included. Empty for HTTP. */
  readonly parameters: readonly (readonly [string, string])[];
  /** Bytes of the body; -1: unknown, which HTTP alone can send (chunked); 0: none. */
  readonly bodyLength: number;
  /** HTTP: keep the connection for further requests. */
  readonly keepAlive: boolean;
  /** HTTP: the fields as lines, each with its CRLF, where they are at hand so; `headers` is not looked at then. */
  readonly lines?: string | undefined;
  /** HTTP: the protocol that the client asks to switch to, and so may be answered with 101. */
  readonly upgrade?: string | undefined;
}

/** One protocol to an upstream: pure rules from and to bytes; sockets, pools and timeouts are the transport's. */
export interface Protocol {
  readonly name: "http" | "uwsgi" | "puwsgi" | "fastcgi" | "scgi";
  /** What goes before the body; text is latin-1. Throws a PropylonError where the request can't be said in this protocol (a uwsgi block over 64 KB). */
  begin(request: UpstreamRequest): Buffer | string;
  /** A piece of body, framed: as it is, an HTTP chunk, an FCGI_STDIN record. */
  frame(request: UpstreamRequest, piece: Buffer): readonly Buffer[];
  /** What ends the body (the last chunk, an empty FCGI_STDIN); null: nothing. `trailers`: what may go on behind it, where there is a place. */
  finish(request: UpstreamRequest, trailers?: readonly (readonly [string, string])[]): Buffer | null;
  /** A parser for the answer to this request. */
  answer(request: UpstreamRequest, sink: AnswerSink): AnswerParser;
}

export interface AnswerParser {
  /** Takes what came from the target; the memory may be reused after the call returns. */
  push(chunk: Buffer): void;
  /** The target has closed its side. */
  closed(): void;
}

/** Told by a parser, in this order: inform*, head, data*, then exactly one of end and bad. */
export interface AnswerSink {
  /** 1xx. 101 comes as `head`, and what follows it as `data` until the connection closes. */
  inform(head: ResponseHead): void;
  /** `length`: bytes of the body, -1: unknown. */
  head(head: ResponseHead, length: number): void;
  /** A copy, or memory that will not be reused. */
  data(piece: Buffer): void;
  /** `reusable`: the connection can carry another request. `trailers`: of a chunked body. */
  end(reusable: boolean, trailers: readonly (readonly [string, string])[]): void;
  /** What came is not a valid answer, or ended too early: `reason` follows "upstream: ". */
  bad(reason: string): void;
  /** The target's error output (FCGI_STDERR), for the log: one line or several. */
  said(text: string): void;
}
