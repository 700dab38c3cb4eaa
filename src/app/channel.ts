import type net from "node:net";
import type { AppRequest } from "./app-request.ts";
import {
  BODY,
  DATA,
  encodeFrame,
  FLAG_CHUNKED,
  FLAG_DEFERRED,
  FLAG_WEBSOCKET,
  FRAME_HEAD,
  FrameReader,
  type FrameSink,
  frameHead,
  LOOP,
  MESSAGE,
  requestSize,
  SLOTS,
  writeRequest,
} from "./frames.ts";

/** One connection from a worker: data, help, one lane's own, or one exchange's (docs/worker-protocol.md). */
export class Channel {
  readonly kind: number;
  readonly lane: number;
  readonly #socket: net.Socket;
  /** The id of the block that the worker has in each slot; used on the data connection. */
  readonly #slots: Int32Array;

  constructor(socket: net.Socket, kind: number, lane: number) {
    this.#socket = socket;
    this.kind = kind;
    this.lane = lane;
    this.#slots = new Int32Array(kind === DATA || kind === LOOP ? SLOTS : 0);
  }

  /** Hands whole frames to `sink` from now on; `onClose` is called once. `first` is what was read already. */
  start(first: Buffer, sink: FrameSink, onClose: () => void): void {
    const reader = new FrameReader(sink);
    const read = (chunk: Buffer) => {
      if (!reader.push(chunk)) this.#socket.destroy();
    };
    this.#socket.on("data", read);
    this.#socket.on("close", onClose);
    if (first.length > 0) read(first);
  }

  /** Sends requests in one write: the batch is what makes small exchanges cheap. */
  requests(list: readonly AppRequest[]): void {
    if (list.length === 1) this.#socket.write(this.#frame(list[0]!));
    else this.#socket.write(Buffer.concat(list.map((request) => this.#frame(request))));
  }

  send(type: number, stream: number, payload: Buffer | null = null): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeFrame(type, stream, payload));
  }

  /** A piece of a request's body, uncopied: `release` is called when its memory is free again. */
  body(stream: number, piece: Buffer, release?: () => void): void {
    const socket = this.#socket;
    if (socket.destroyed) return release?.();
    socket.cork();
    socket.write(frameHead(BODY, stream, piece.length));
    socket.write(piece, release);
    socket.uncork();
  }

  /** A message of a WebSocket's client. false: the worker does not keep up; `drained`, where given, is called once it does. */
  message(stream: number, kind: number, data: Buffer, drained: (() => void) | null): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return true;
    const frame = Buffer.allocUnsafe(FRAME_HEAD + 1 + data.length);
    frame.writeUInt32LE(1 + data.length, 0);
    frame.writeUInt32LE(stream, 4);
    frame[8] = MESSAGE;
    frame[9] = kind;
    data.copy(frame, FRAME_HEAD + 1);
    if (socket.write(frame)) return true;
    if (drained !== null) socket.once("drain", drained);
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // The table of known blocks is mapped directly: slot = id modulo its size, a collision sends the block again.
  #frame(request: AppRequest): Buffer {
    const { block, body } = request;
    const slot = block.id % this.#slots.length;
    const known = this.#slots[slot] === block.id;
    if (!known) this.#slots[slot] = block.id;
    const inline = body === null ? null : body.inline;
    const frame = {
      stream: request.stream,
      slot,
      block: known ? "" : block.text,
      head: request.head,
      flags:
        (body !== null && inline === null ? FLAG_DEFERRED : 0) |
        (block.chunked ? FLAG_CHUNKED : 0) |
        (block.scope && request.handshake !== null ? FLAG_WEBSOCKET : 0),
      bodyLength: body === null ? 0 : body.length,
      body: inline,
    };
    const buffer = Buffer.allocUnsafe(requestSize(frame));
    writeRequest(buffer, 0, frame);
    return buffer;
  }
}
