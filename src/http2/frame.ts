/** Frame types (RFC 9113 §6). */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

export const Flag = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** Parameters of SETTINGS (RFC 9113 §6.5.2; RFC 8441 §3; RFC 9218 §2.1). */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const;

/** Bytes of a frame's head. */
export const FRAME_HEAD = 9;
/** Largest payload that we take, and the largest that we send: the least that everyone must take (RFC 9113 §4.2). */
export const MAX_PAYLOAD = 16_384;

/** What a client says first (RFC 9113 §3.4). */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** The line that it looks like to HTTP/1.1. */
export const PREFACE_LINE = "PRI * HTTP/2.0";

// Frames are made as latin-1 text: `Output` joins text of one turn into one write, and short text costs less than buffers.

/** The nine bytes before a payload, as latin-1 text. */
export function frameHead(length: number, type: number, flags: number, stream: number): string {
  return String.fromCharCode(length >>> 16, (length >>> 8) & 255, length & 255, type, flags) + uint32(stream);
}

/** SETTINGS with these parameters. */
export function settingsFrame(parameters: readonly (readonly [id: number, value: number])[]): string {
  const payload = parameters.map(([id, value]) => uint16(id) + uint32(value)).join("");
  return frameHead(payload.length, FrameType.SETTINGS, 0, 0) + payload;
}

export const SETTINGS_ACK: string = frameHead(0, FrameType.SETTINGS, Flag.ACK, 0);

/** RST_STREAM. */
export function resetFrame(stream: number, code: number): string {
  return frameHead(4, FrameType.RST_STREAM, 0, stream) + uint32(code);
}

/** WINDOW_UPDATE; `stream` 0 is the connection. */
export function windowFrame(stream: number, increment: number): string {
  return frameHead(4, FrameType.WINDOW_UPDATE, 0, stream) + uint32(increment);
}

/** GOAWAY: streams above `last` were not and will not be handled. */
export function goawayFrame(last: number, code: number): string {
  return frameHead(8, FrameType.GOAWAY, 0, 0) + uint32(last) + uint32(code);
}

/** PING with these eight bytes (latin-1). */
export function pingFrame(opaque: string, ack: boolean): string {
  return frameHead(8, FrameType.PING, ack ? Flag.ACK : 0, 0) + opaque;
}

/** A header block as HEADERS, and CONTINUATION where it is longer than a frame (RFC 9113 §4.3). */
export function headersFrames(stream: number, block: string, endStream: boolean): string {
  const flags = endStream ? Flag.END_STREAM : 0;
  if (block.length <= MAX_PAYLOAD)
    return frameHead(block.length, FrameType.HEADERS, flags | Flag.END_HEADERS, stream) + block;
  let frames = frameHead(MAX_PAYLOAD, FrameType.HEADERS, flags, stream) + block.slice(0, MAX_PAYLOAD);
  for (let at = MAX_PAYLOAD; at < block.length; at += MAX_PAYLOAD) {
    const piece = block.slice(at, at + MAX_PAYLOAD);
    const last = at + MAX_PAYLOAD >= block.length ? Flag.END_HEADERS : 0;
    frames += frameHead(piece.length, FrameType.CONTINUATION, last, stream) + piece;
  }
  return frames;
}

function uint16(value: number): string {
  return String.fromCharCode((value >>> 8) & 255, value & 255);
}

function uint32(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
