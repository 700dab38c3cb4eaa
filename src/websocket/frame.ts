/** Frames of RFC 6455 §5.2, as a server writes them. */

export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** Close codes (RFC 6455 §7.4.1). The first two are never sent: they say that none came, or that the connection broke. */
export const NO_STATUS = 1005;
export const ABNORMAL = 1006;
export const GOING_AWAY = 1001;
export const PROTOCOL_ERROR = 1002;
export const INVALID_DATA = 1007;
export const TOO_BIG = 1009;
export const RESTART = 1012;

/** Longest payload of a control frame. */
export const CONTROL_LIMIT = 125;

/** The head of an unmasked frame. */
export function frameHead(opcode: number, length: number, final: boolean): Buffer {
  const first = (final ? 0x80 : 0) | opcode;
  if (length <= 125) return Buffer.from([first, length]);
  if (length <= 0xffff) return Buffer.from([first, 126, length >> 8, length & 0xff]);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeUInt32BE(Math.floor(length / 0x100000000), 2);
  head.writeUInt32BE(length >>> 0, 6);
  return head;
}

/** The payload of a Close frame; empty for a code that is never sent. The reason is cut to what fits, at a character's end. */
export function closePayload(code: number, reason: string): Buffer {
  if (code === NO_STATUS || code === ABNORMAL) return Buffer.alloc(0);
  let text = Buffer.from(reason);
  for (let cut = reason; text.length > CONTROL_LIMIT - 2; text = Buffer.from(cut))
    cut = cut.slice(0, -1).toWellFormed();
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code);
  text.copy(payload, 2);
  return payload;
}

/** Whether this code may stand in a Close frame (RFC 6455 §7.4; 1012 to 1014 are of IANA's registry). */
export function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
