/** Codec of the worker protocol (docs/worker-protocol.md): bytes in, fields out, no I/O. */

/** Bytes before a payload: u32 length, u32 stream id, u8 type. */
export const FRAME_HEAD = 9;
/** Longest payload that a peer may announce. */
export const MAX_PAYLOAD = 16 * 1024 * 1024 - 1;
export const PROTOCOL_VERSION = 1;
/** Blocks that a worker keeps: slot = block id modulo this. */
export const SLOTS = 1024;

/** Kinds of connection, as HELLO names them. */
export const DATA = 0;
export const LANE = 1;
export const STREAM = 2;
export const HELPLINE = 3;
/** The data connection of a worker that runs an event loop. */
export const LOOP = 4;

export const REQUEST = 1;
export const HELP = 2;
export const BODY = 3;
export const END = 4;
export const ABORT = 5;
/** Of a WebSocket: a message or a piece of one, and the close. */
export const MESSAGE = 6;
export const CLOSE = 7;
export const INTERRUPT = 8;
export const HELLO = 16;
export const RESPONSE = 17;
export const HEAD = 18;
export const FOLLOW = 19;
export const PULL = 20;

export const FLAG_DEFERRED = 1;
export const FLAG_CHUNKED = 2;
export const FLAG_WEBSOCKET = 8;

/** The first byte of a MESSAGE: what it is ({@link MESSAGE_REST}: goes on), and whether more of it follows. */
export const MESSAGE_REST = 0;
export const MESSAGE_TEXT = 1;
export const MESSAGE_BINARY = 2;
export const MESSAGE_MORE = 0x80;

const REQUEST_HEAD = 24;
const RESPONSE_HEAD = 8;

export interface RequestFrame {
  readonly stream: number;
  readonly slot: number;
  /** `key NUL value NUL ...`; empty when the receiver has this slot's block. */
  readonly block: string;
  readonly head: string;
  readonly flags: number;
  readonly bodyLength: number;
  /** The inline body, or null. */
  readonly body: Buffer | null;
}

export function requestSize(frame: RequestFrame): number {
  return (
    FRAME_HEAD + REQUEST_HEAD + frame.block.length + frame.head.length + (frame.body === null ? 0 : frame.body.length)
  );
}

/** Writes a REQUEST at `at` and returns the offset behind it. Text is latin-1. */
export function writeRequest(target: Buffer, at: number, frame: RequestFrame): number {
  const { block, head, body } = frame;
  const bodySize = body === null ? 0 : body.length;
  target.writeUInt32LE(REQUEST_HEAD + block.length + head.length + bodySize, at);
  target.writeUInt32LE(frame.stream, at + 4);
  target[at + 8] = REQUEST;
  target.writeUInt32LE(frame.slot, at + 9);
  target.writeUInt32LE(block.length, at + 13);
  target.writeUInt32LE(head.length, at + 17);
  target[at + 21] = frame.flags;
  target[at + 22] = 0;
  target.writeUInt16LE(0, at + 23);
  // A double holds every length up to 2^53 exactly; BigInt would cost an allocation a request.
  target.writeUInt32LE(frame.bodyLength >>> 0, at + 25);
  target.writeInt32LE(Math.floor(frame.bodyLength / 0x100000000), at + 29);
  let end = at + FRAME_HEAD + REQUEST_HEAD;
  if (block !== "") end += target.latin1Write(block, end);
  end += target.latin1Write(head, end);
  if (body !== null) end += body.copy(target, end);
  return end;
}

/** The nine bytes before a payload of this length. */
export function frameHead(type: number, stream: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(stream, 4);
  head[8] = type;
  return head;
}

/** A frame of any other type. */
export function encodeFrame(type: number, stream: number, payload: Buffer | null = null): Buffer {
  const size = payload === null ? 0 : payload.length;
  const frame = Buffer.allocUnsafe(FRAME_HEAD + size);
  frame.writeUInt32LE(size, 0);
  frame.writeUInt32LE(stream, 4);
  frame[8] = type;
  if (payload !== null) payload.copy(frame, FRAME_HEAD);
  return frame;
}

export interface Hello {
  readonly version: number;
  /** {@link DATA}, {@link LANE}, {@link STREAM}, {@link HELPLINE} or {@link LOOP}. */
  readonly kind: number;
  readonly lane: number;
  readonly worker: number;
  readonly lanes: number;
}

/** Reads the payload of a HELLO; null when it is not one of this version's shape. */
export function decodeHello(payload: Buffer): Hello | null {
  if (payload.length !== 12) return null;
  return {
    version: payload[0]!,
    kind: payload[1]!,
    lane: payload.readUInt16LE(2),
    worker: payload.readUInt32LE(4),
    lanes: payload.readUInt32LE(8),
  };
}

export interface AnswerHead {
  /** -1: unknown. */
  readonly length: number;
  readonly streaming: boolean;
  readonly head: string;
}

/** Reads the payload of a HEAD; null when it is too short. */
export function decodeAnswerHead(payload: Buffer): AnswerHead | null {
  if (payload.length < 9) return null;
  return {
    length: payload.readInt32LE(4) * 0x100000000 + payload.readUInt32LE(0),
    streaming: (payload[8]! & 1) !== 0,
    head: payload.latin1Slice(9, payload.length),
  };
}

/** Bytes of a RESPONSE payload before its head: u32 µs, u8 waited, u8 mode (1: the lanes share), u16 head length. */
export const RESPONSE_PREFIX: number = RESPONSE_HEAD;

/**
 * Receives frames. `payload` is a view of memory that stays valid (a read buffer is not reused). All come whole but a BODY longer than
 * {@link WHOLE}, which comes in parts, each as a BODY, as it is read.
 */
export type FrameSink = (type: number, stream: number, payload: Buffer) => void;

/** Bytes of a piece of body that is waited for. Putting larger ones together costs a copy and twice their size in garbage. */
export const WHOLE: number = 16 * 1024;

/** Cuts a byte stream into frames. */
export class FrameReader {
  readonly #sink: FrameSink;
  #rest: Buffer[] = [];
  #held = 0;
  #needed = FRAME_HEAD;
  /** Bytes to come of a BODY that is given out in parts, and whose it is. */
  #passing = 0;
  #stream = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes what was read. Returns false when the peer announced a payload that is too long: close the connection. */
  push(chunk: Buffer): boolean {
    let data = chunk;
    if (this.#passing > 0) {
      const part = Math.min(this.#passing, chunk.length);
      this.#passing -= part;
      this.#sink(BODY, this.#stream, part === chunk.length ? chunk : chunk.subarray(0, part));
      if (part === chunk.length) return true;
      data = chunk.subarray(part);
    } else if (this.#held > 0) {
      this.#rest.push(chunk);
      this.#held += chunk.length;
      if (this.#held < this.#needed) return true;
      data = Buffer.concat(this.#rest, this.#held);
      this.#rest = [];
      this.#held = 0;
    }
    const size = data.length;
    let at = 0;
    while (size - at >= FRAME_HEAD) {
      const length = (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
      if (length > MAX_PAYLOAD) return false;
      const end = at + FRAME_HEAD + length;
      const stream = (data[at + 4]! | (data[at + 5]! << 8) | (data[at + 6]! << 16) | (data[at + 7]! << 24)) >>> 0;
      if (end > size) {
        if (data[at + 8] !== BODY || length <= WHOLE) break;
        this.#stream = stream;
        this.#passing = end - size;
        if (size - at > FRAME_HEAD) this.#sink(BODY, stream, data.subarray(at + FRAME_HEAD));
        return true;
      }
      this.#sink(data[at + 8]!, stream, data.subarray(at + FRAME_HEAD, end));
      at = end;
    }
    if (at < size) {
      const rest = at === 0 ? data : data.subarray(at);
      this.#rest.push(rest);
      this.#held = rest.length;
      this.#needed = rest.length < FRAME_HEAD ? FRAME_HEAD : FRAME_HEAD + rest.readUInt32LE(0);
    }
    return true;
  }
}
