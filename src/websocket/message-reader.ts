import { isUtf8 } from "node:buffer";
import { ByteRow } from "../base/byte-row.ts";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  CONTROL_LIMIT,
  INVALID_DATA,
  mayBeSent,
  NO_STATUS,
  PING,
  PONG,
  PROTOCOL_ERROR,
  TEXT,
  TOO_BIG,
} from "./frame.ts";

/** Receives what a client says. Memory of payloads is the receiver's. */
export interface MessageSink {
  message(text: boolean, data: Buffer): void;
  ping(data: Buffer): void;
  pong(): void;
  /** A Close frame came; nothing is read behind it. `code` {@link NO_STATUS}: it held none. */
  closed(code: number, reason: string): void;
  /** The client breaks the protocol or a limit: the connection is to be closed with this code. Nothing is read behind it. */
  failed(code: number, reason: string): void;
}

/**
 * Reads a client's side of a WebSocket (RFC 6455 §5): strict frames in, whole messages out, whatever pieces the bytes come in. No
 * extension is agreed on, so every reserved bit is an error. A frame whose message would be too long is refused by its head.
 */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #limit: number;
  /** The beginning of a frame that is not whole. */
  readonly #rest = new ByteRow();
  #needed = 2;
  /** Of the message that is being received; 0: none. */
  #opcode = 0;
  readonly #message = new ByteRow();
  #over = false;

  /** `limit`: bytes of the longest message. */
  constructor(limit: number, sink: MessageSink) {
    this.#limit = limit;
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    if (this.#over) return;
    let data = chunk;
    if (this.#rest.length > 0) {
      this.#rest.append(chunk, true);
      if (this.#rest.length < this.#needed) return;
      data = this.#rest.whole();
      this.#rest.clear();
    }
    let at = 0;
    while (!this.#over) {
      const next = this.#frame(data, at);
      if (next < 0) break;
      at = next;
    }
    if (this.#over || at === data.length) return;
    this.#rest.append(at === 0 ? data : data.subarray(at), true);
  }

  // --- internal ---

  /** Takes the frame at `at`; returns where it ends, or -1 when it is not whole or was refused. Notes how many bytes it needs. */
  #frame(data: Buffer, at: number): number {
    const have = data.length - at;
    this.#needed = 2;
    if (have < 2) return -1;
    const first = data[at]!;
    const second = data[at + 1]!;
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    const short = second & 0x7f;
    const fault = this.#fault(first, second, opcode, final, short);
    if (fault !== "") return this.#fail(PROTOCOL_ERROR, fault);
    const head = short === 126 ? 8 : short === 127 ? 14 : 6;
    this.#needed = head;
    if (have < head) return -1;
    let length = short;
    if (short === 126) length = data.readUInt16BE(at + 2);
    else if (short === 127) length = data.readUInt32BE(at + 2) * 0x100000000 + data.readUInt32BE(at + 6);
    if ((short === 126 && length < 126) || (short === 127 && (length < 0x10000 || data[at + 2]! > 0x7f)))
      return this.#fail(PROTOCOL_ERROR, "a length is not in its shortest form");
    if (opcode < CLOSE && this.#message.length + length > this.#limit)
      return this.#fail(TOO_BIG, `messages have at most ${this.#limit} bytes here`);
    this.#needed = head + length;
    if (have < head + length) return -1;
    const end = at + head + length;
    this.#take(opcode, final, unmasked(data, at + head, end));
    return end;
  }

  /** What is wrong with a frame by its first two bytes, or empty. */
  #fault(first: number, second: number, opcode: number, final: boolean, short: number): string {
    if ((first & 0x70) !== 0) return "a reserved bit is set";
    if ((second & 0x80) === 0) return "a client's frame is not masked";
    if (opcode >= CLOSE) {
      if (opcode > PONG) return "an unknown opcode";
      if (!final) return "a control frame is fragmented";
      return short > CONTROL_LIMIT ? "a control frame is longer than 125 bytes" : "";
    }
    if (opcode > BINARY) return "an unknown opcode";
    if (opcode === CONTINUATION) return this.#opcode === 0 ? "a continuation of nothing" : "";
    return this.#opcode === 0 ? "" : "a message begins within another";
  }

  #take(opcode: number, final: boolean, payload: Buffer): void {
    switch (opcode) {
      case PING:
        return this.#sink.ping(payload);
      case PONG:
        return this.#sink.pong();
      case CLOSE:
        return this.#close(payload);
    }
    if (opcode !== CONTINUATION) this.#opcode = opcode;
    const text = this.#opcode === TEXT;
    let data = payload;
    // An endless row of empty frames costs nothing.
    if (!final || this.#message.length > 0) {
      this.#message.append(payload, true);
      if (!final) return;
      data = this.#message.whole();
      this.#message.clear();
    }
    this.#opcode = 0;
    if (text && !isUtf8(data)) this.#fail(INVALID_DATA, "a text is not UTF-8");
    else this.#sink.message(text, data);
  }

  #close(payload: Buffer): void {
    if (payload.length === 0) {
      this.#over = true;
      this.#sink.closed(NO_STATUS, "");
      return;
    }
    const code = payload.length === 1 ? 0 : payload.readUInt16BE(0);
    const reason = payload.subarray(2);
    if (!mayBeSent(code)) this.#fail(PROTOCOL_ERROR, `${code} is no close code`);
    else if (!isUtf8(reason)) this.#fail(INVALID_DATA, "a close reason is not UTF-8");
    else {
      this.#over = true;
      this.#sink.closed(code, reason.toString("utf8"));
    }
  }

  #fail(code: number, reason: string): -1 {
    this.#over = true;
    this.#rest.clear();
    this.#message.clear();
    this.#sink.failed(code, reason);
    return -1;
  }
}

/** The payload from `start` to `end` with the four bytes before it taken off (RFC 6455 §5.3). A copy: the read buffer is not ours to change. */
function unmasked(data: Buffer, start: number, end: number): Buffer {
  const payload = Buffer.allocUnsafe(end - start);
  const a = data[start - 4]!;
  const b = data[start - 3]!;
  const c = data[start - 2]!;
  const d = data[start - 1]!;
  const length = payload.length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    payload[i] = data[start + i]! ^ a;
    payload[i + 1] = data[start + i + 1]! ^ b;
    payload[i + 2] = data[start + i + 2]! ^ c;
    payload[i + 3] = data[start + i + 3]! ^ d;
  }
  for (; i < length; i++) payload[i] = data[start + i]! ^ data[start - 4 + (i & 3)]!;
  return payload;
}
