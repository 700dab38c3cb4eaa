import type { Client } from "../http/exchange.ts";
import type { Output } from "../http/output.ts";
import { Refusal } from "../http/refusal.ts";
import type { RequestHead } from "../http/request-head.ts";
import { ConnectionFault, ErrorCode, protocolFault } from "./error-code.ts";
import { Flag, FrameType, pingFrame, resetFrame, SETTINGS_ACK, windowFrame } from "./frame.ts";
import type { FrameReader } from "./frame-reader.ts";
import { encodeField } from "./header-encoder.ts";
import { HeaderInput } from "./header-input.ts";
import type { Http2Options } from "./http2-options.ts";
import { Manners } from "./manners.ts";
import { Outgoing } from "./outgoing.ts";
import { CONNECTION_WINDOW, STREAM_WINDOW, WIDE_WINDOW } from "./own-settings.ts";
import { unpadded } from "./payload.ts";
import { LARGEST_WINDOW, PeerSettings } from "./peer-settings.ts";
import { RecentStreams } from "./recent-streams.ts";
import { Malformed, RefusedRequest } from "./request-fields.ts";
import { Http2Stream, type StreamOwner } from "./stream.ts";

/** The connection, as its session sees it. */
export interface SessionOwner {
  readonly output: Output;
  /** The client's answer to a PING of ours, eight bytes. */
  pingAnswered(opaque: string): void;
  /** The client asks for nothing more. */
  clientLeaves(): void;
  /** No stream is left. */
  allOver(): void;
}

/**
 * The protocol of one connection (RFC 9113): frames come in by `frame`, one method a type; streams are opened, fed and ended;
 * what they send goes by `Outgoing`. Knows nothing of sockets and of time but what it is told.
 */
export class Http2Session implements StreamOwner {
  readonly outgoing: Outgoing;
  readonly output: Output;
  readonly serverField: string;
  readonly headers: HeaderInput;
  readonly streams = new Map<number, Http2Stream>();
  readonly #options: Http2Options;
  readonly #client: Client;
  readonly #owner: SessionOwner;
  readonly #peer = new PeerSettings();
  readonly #reset = new RecentStreams();
  readonly #manners: Manners;
  /** Streams whose handlers wait for memory. */
  #delayed: Http2Stream[] = [];
  #receiveWindow = CONNECTION_WINDOW;
  #granted = 0;
  #now = 0;
  /** The client's newest stream that was taken, and that was begun. */
  last = 0;
  #seen = 0;
  /** The client's first SETTINGS have come. */
  settled = false;
  /** New streams are not taken any more. */
  closing = false;

  constructor(options: Http2Options, client: Client, owner: SessionOwner) {
    const { limits, serverName } = options.settings;
    this.#options = options;
    this.#client = client;
    this.#owner = owner;
    this.output = owner.output;
    this.headers = new HeaderInput(limits);
    this.outgoing = new Outgoing(owner.output, options.http2.buffer, () => this.#handleDelayed());
    this.#manners = new Manners(options.http2);
    this.serverField = serverName === null ? "" : encodeField("server", serverName);
  }

  /** Takes a frame; returns what ends the connection. `now`: `performance.now()`. */
  frame(frame: FrameReader, now: number): ConnectionFault | null {
    const { type, stream } = frame;
    this.#now = now;
    // An acknowledgement of ours counts (RFC 9113 §3.4 asks for a SETTINGS frame): clients that write it first mean no harm.
    if (!this.settled && type !== FrameType.SETTINGS) return protocolFault("the first frame is not SETTINGS");
    if (this.headers.stream !== 0 && (type !== FrameType.CONTINUATION || stream !== this.headers.stream))
      return protocolFault("a header block is interrupted");
    switch (type) {
      case FrameType.DATA:
        return this.#data(frame);
      case FrameType.HEADERS:
        return this.#headersFrame(frame);
      case FrameType.PRIORITY:
        return this.#priority(frame);
      case FrameType.RST_STREAM:
        return this.#resetByClient(frame);
      case FrameType.SETTINGS:
        return this.#settings(frame);
      case FrameType.PUSH_PROMISE:
        return protocolFault("clients do not push");
      case FrameType.PING:
        return this.#ping(frame);
      case FrameType.GOAWAY:
        return this.#goaway(frame);
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdate(frame);
      case FrameType.CONTINUATION:
        return this.headers.stream === 0
          ? protocolFault("CONTINUATION continues nothing")
          : this.#blockPart(frame.payload, frame.flags);
      default:
        return this.#spendFrame();
    }
  }

  #data(frame: FrameReader): ConnectionFault | null {
    const { payload, flags, stream: id } = frame;
    if (id === 0 || id > this.#seen) return protocolFault("DATA belongs to no stream");
    if (payload.length > this.#receiveWindow)
      return new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window is exceeded");
    this.#receiveWindow -= payload.length;
    const content = unpadded(payload, flags);
    if (content instanceof ConnectionFault) return content;
    const stream = this.streams.get(id);
    if (stream === undefined || stream.remoteEnded) {
      this.#grant(payload.length);
      if (stream !== undefined) return this.#resetStream(stream, ErrorCode.STREAM_CLOSED);
      return this.#reset.has(id) ? null : closedFault("DATA");
    }
    if (payload.length > stream.receiveWindow) return this.#resetStream(stream, ErrorCode.FLOW_CONTROL_ERROR);
    stream.receiveWindow -= payload.length;
    const ended = (flags & Flag.END_STREAM) !== 0;
    if (content.length === 0 && !ended) {
      const fault = this.#spendFrame();
      if (fault !== null) return fault;
    }
    if (payload.length > content.length) this.credit(stream, payload.length - content.length);
    const wrong = stream.receive(content, this.#options.settings.limits.body) ?? (ended ? stream.receiveEnd() : null);
    if (typeof wrong === "string") return this.#resetStream(stream, ErrorCode.PROTOCOL_ERROR);
    if (wrong !== null) stream.failBody(wrong);
    return null;
  }

  #headersFrame(frame: FrameReader): ConnectionFault | null {
    const { payload, flags, stream: id } = frame;
    if (id === 0 || id % 2 === 0) return protocolFault("HEADERS belongs to no stream of a client");
    const known = this.streams.get(id);
    if (known === undefined && id <= this.#seen && !this.#reset.has(id)) return closedFault("HEADERS");
    const content = unpadded(payload, flags);
    if (content instanceof ConnectionFault) return content;
    const prioritised = (flags & Flag.PRIORITY) !== 0;
    if (prioritised && content.length < 5)
      return new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "HEADERS is too short");
    if (prioritised && (content.readUInt32BE(0) & 0x7fffffff) === id)
      return protocolFault("a stream depends on itself");
    this.headers.begin(id, (flags & Flag.END_STREAM) !== 0);
    return this.#blockPart(prioritised ? content.subarray(5) : content, flags);
  }

  #blockPart(piece: Buffer, flags: number): ConnectionFault | null {
    const fault = this.headers.append(piece);
    if (fault !== null || (flags & Flag.END_HEADERS) === 0) return fault;
    const { stream: id, ended } = this.headers;
    const block = this.headers.take();
    const known = this.streams.get(id);
    if (known !== undefined) return this.#trailers(known, block, ended);
    // Reset by us, or on its way when we said goodbye.
    if (id <= this.#seen || this.closing) {
      this.#seen = Math.max(this.#seen, id);
      this.#reset.add(id);
      return this.headers.skip(block);
    }
    return this.#request(id, block, ended);
  }

  #trailers(stream: Http2Stream, block: Buffer, ended: boolean): ConnectionFault | null {
    const fields = this.headers.trailers(block);
    if (fields instanceof ConnectionFault) return fields;
    if (stream.remoteEnded) return this.#resetStream(stream, ErrorCode.STREAM_CLOSED);
    if (!ended || fields instanceof Malformed || stream.receiveEnd(fields) !== null)
      return this.#resetStream(stream, ErrorCode.PROTOCOL_ERROR);
    return null;
  }

  #request(id: number, block: Buffer, ended: boolean): ConnectionFault | null {
    this.last = id;
    this.#seen = id;
    if (this.streams.size >= this.#options.http2.streams) {
      this.#say(id, ErrorCode.REFUSED_STREAM);
      return this.headers.skip(block) ?? this.#spendReset("too many streams at once");
    }
    const head = this.headers.request(block, ended);
    if (head instanceof ConnectionFault) return head;
    if (head instanceof Malformed) {
      this.#options.observer.refused(this.#client, 400, `HTTP/2: ${head.reason}`, "");
      this.#say(id, ErrorCode.PROTOCOL_ERROR);
      return this.#spendReset("too many malformed requests");
    }
    if (head instanceof RefusedRequest) {
      this.#options.observer.refused(this.#client, head.status, head.reason, head.line.slice(0, 1024));
      const stream = this.#open(id, head.head, ended);
      stream.refused = true;
      stream.exchange.fail(head.status, head.reason);
      return null;
    }
    this.#manners.request();
    const stream = this.#open(id, head, ended);
    if (this.outgoing.mayBuffer) this.#options.handler().handle(stream.exchange);
    else this.#delayed.push(stream);
    return null;
  }

  #open(id: number, head: RequestHead, ended: boolean): Http2Stream {
    const windows = { send: this.#peer.initialWindow, receive: STREAM_WINDOW };
    const stream = new Http2Stream(id, head, ended, windows, this.#client, this.#now, this);
    this.streams.set(id, stream);
    return stream;
  }

  #priority(frame: FrameReader): ConnectionFault | null {
    const { payload, stream: id } = frame;
    if (id === 0) return protocolFault("PRIORITY belongs to no stream");
    if (payload.length !== 5) return new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "PRIORITY has not 5 bytes");
    if ((payload.readUInt32BE(0) & 0x7fffffff) === id) return protocolFault("a stream depends on itself");
    return this.#spendFrame();
  }

  #resetByClient(frame: FrameReader): ConnectionFault | null {
    const { payload, stream: id } = frame;
    if (payload.length !== 4) return new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "RST_STREAM has not 4 bytes");
    if (id === 0 || id > this.#seen) return protocolFault("RST_STREAM belongs to no stream");
    const stream = this.streams.get(id);
    if (stream === undefined) return this.#spendFrame();
    this.#abort(stream);
    return this.#spendReset("too many streams were given up");
  }

  #settings(frame: FrameReader): ConnectionFault | null {
    const { payload, flags, stream } = frame;
    if (stream !== 0) return protocolFault("SETTINGS belongs to a stream");
    const ack = (flags & Flag.ACK) !== 0;
    if (payload.length % 6 !== 0 || (ack && payload.length > 0))
      return new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS has a wrong length");
    this.settled = true;
    if (ack) return this.#spendFrame();
    const before = this.#peer.initialWindow;
    const fault = this.#peer.read(payload);
    if (fault !== null) return fault;
    // First the word that they hold, then what they allow.
    this.output.text(SETTINGS_ACK);
    for (const one of this.streams.values()) {
      one.sendWindow += this.#peer.initialWindow - before;
      if (one.sendWindow > LARGEST_WINDOW)
        return new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a stream's window is too large");
      if (one.sendWindow > 0) this.outgoing.add(one);
    }
    return this.#spendFrame();
  }

  #ping(frame: FrameReader): ConnectionFault | null {
    const { payload, flags, stream } = frame;
    if (stream !== 0) return protocolFault("PING belongs to a stream");
    if (payload.length !== 8) return new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "PING has not 8 bytes");
    const opaque = payload.latin1Slice();
    if ((flags & Flag.ACK) === 0) this.output.text(pingFrame(opaque, true));
    else this.#owner.pingAnswered(opaque);
    return this.#spendFrame();
  }

  #goaway(frame: FrameReader): ConnectionFault | null {
    const { payload, stream } = frame;
    if (stream !== 0) return protocolFault("GOAWAY belongs to a stream");
    if (payload.length < 8) return new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY is too short");
    this.#owner.clientLeaves();
    return this.#spendFrame();
  }

  #windowUpdate(frame: FrameReader): ConnectionFault | null {
    const { payload, stream: id } = frame;
    if (payload.length !== 4) return new ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "WINDOW_UPDATE has not 4 bytes");
    if (id > this.#seen) return protocolFault("WINDOW_UPDATE belongs to no stream");
    const increment = payload.readUInt32BE(0) & 0x7fffffff;
    const stream = this.streams.get(id);
    if (id === 0) {
      if (increment === 0) return protocolFault("a WINDOW_UPDATE of nothing");
      this.outgoing.window += increment;
      this.outgoing.pump();
      if (this.outgoing.window > LARGEST_WINDOW)
        return new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window is too large");
    } else if (stream !== undefined) {
      if (increment === 0) return this.#resetStream(stream, ErrorCode.PROTOCOL_ERROR);
      stream.sendWindow += increment;
      if (stream.sendWindow > LARGEST_WINDOW) return this.#resetStream(stream, ErrorCode.FLOW_CONTROL_ERROR);
      this.outgoing.add(stream);
    }
    return this.#spendFrame();
  }

  // --- the streams' side ---

  /** Grants the client what was taken, when half of a window has come together: fewer frames (RFC 9113 §6.9). */
  credit(stream: Http2Stream, bytes: number): void {
    this.#grant(bytes);
    if (stream.remoteEnded || stream.over) return;
    stream.granted += bytes;
    if (stream.granted < (stream.wide ? WIDE_WINDOW : STREAM_WINDOW) / 2) return;
    this.output.text(windowFrame(stream.id, stream.granted));
    stream.receiveWindow += stream.granted;
    stream.granted = 0;
  }

  widen(stream: Http2Stream): void {
    if (stream.wide) return;
    stream.wide = true;
    stream.granted += WIDE_WINDOW - STREAM_WINDOW;
    this.credit(stream, 0);
  }

  streamOver(stream: Http2Stream, reset: ErrorCode | null): void {
    this.#remove(stream);
    if (reset !== null) this.#say(stream.id, reset);
    if (this.streams.size === 0) this.#owner.allOver();
  }

  // --- the end of streams ---

  /** Everything is over: the client is gone. */
  abortAll(): void {
    this.outgoing.stopped = true;
    for (const stream of [...this.streams.values()]) this.#abort(stream);
  }

  /** Gives up the streams whose clients are too slow. `elapsed`: ms since the last look. */
  sweep(now: number, elapsed: number): void {
    const { timeouts } = this.#options.settings;
    for (const stream of [...this.streams.values()]) {
      const late = stream.late(now, elapsed, timeouts);
      if (late === "body") stream.failBody(new Refusal(408, "the request's body took too long"));
      else if (late === "write") {
        this.#abort(stream);
        this.#say(stream.id, ErrorCode.CANCEL);
      }
    }
  }

  /** The client's fault with one stream: RST_STREAM, and its exchange is over. */
  #resetStream(stream: Http2Stream, code: ErrorCode): ConnectionFault | null {
    this.#abort(stream);
    this.#say(stream.id, code);
    return this.#spendReset("too many streams had to be reset");
  }

  #abort(stream: Http2Stream): void {
    stream.abort();
    this.#remove(stream);
    if (this.streams.size === 0) this.#owner.allOver();
  }

  #remove(stream: Http2Stream): void {
    if (!this.streams.delete(stream.id)) return;
    this.outgoing.delete(stream);
    const { exchange } = stream;
    if (!stream.refused) this.#options.observer.ended(exchange, exchange.status, exchange.bytes);
  }

  #say(id: number, code: ErrorCode): void {
    this.#reset.add(id);
    this.output.text(resetFrame(id, code));
  }

  // --- internal ---

  #grant(bytes: number): void {
    this.#granted += bytes;
    if (this.#granted < CONNECTION_WINDOW / 2) return;
    this.output.text(windowFrame(0, this.#granted));
    this.#receiveWindow += this.#granted;
    this.#granted = 0;
  }

  #spendReset(reason: string): ConnectionFault | null {
    return this.#manners.reset(reason, this.#now);
  }

  /** A frame that asks for nothing. */
  #spendFrame(): ConnectionFault | null {
    return this.#manners.useless(this.outgoing.sent, this.#now);
  }

  #handleDelayed(): void {
    const delayed = this.#delayed;
    this.#delayed = [];
    for (const stream of delayed) {
      if (stream.over) continue;
      if (this.outgoing.mayBuffer) this.#options.handler().handle(stream.exchange);
      else this.#delayed.push(stream);
    }
  }
}

function closedFault(type: string): ConnectionFault {
  return new ConnectionFault(ErrorCode.STREAM_CLOSED, `${type} on a stream that is closed`);
}
