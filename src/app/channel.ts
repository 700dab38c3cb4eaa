import type net from "node:net";
import type { AppRequest } from "./app-request.ts";
import {
  DATA_SLOTS,
  encodeFrame,
  FLAG_CHUNKED,
  FLAG_DEFERRED,
  FrameReader,
  type FrameSink,
  LANE_SLOTS,
  requestSize,
  writeRequest,
} from "./frames.ts";

/** One connection from a worker: its data connection (lane -1) or one lane's own. */
export class Channel {
  readonly lane: number;
  readonly #socket: net.Socket;
  readonly #slots: Int32Array;

  constructor(socket: net.Socket, lane: number) {
    this.#socket = socket;
    this.lane = lane;
    this.#slots = new Int32Array(lane < 0 ? DATA_SLOTS : LANE_SLOTS);
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

  /** Sends one request. */
  request(request: AppRequest): void {
    const buffer = this.#frame(request);
    this.#socket.write(buffer);
  }

  /** Sends several requests in one write: the batch is what makes small exchanges cheap. */
  requests(list: readonly AppRequest[]): void {
    if (list.length === 1) return this.request(list[0]!);
    const frames = list.map((request) => this.#frame(request));
    this.#socket.write(Buffer.concat(frames));
  }

  send(type: number, stream: number, payload: Buffer | null = null): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeFrame(type, stream, payload));
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
      flags: (body !== null && inline === null ? FLAG_DEFERRED : 0) | (block.chunked ? FLAG_CHUNKED : 0),
      bodyLength: body === null ? 0 : body.length,
      body: inline,
    };
    const buffer = Buffer.allocUnsafe(requestSize(frame));
    writeRequest(buffer, 0, frame);
    return buffer;
  }
}
