import { type ConnectionFault, protocolFault } from "./error-code.ts";
import { Flag } from "./frame.ts";

/** What DATA and HEADERS hold without their padding (RFC 9113 §6.1), or what is wrong. */
export function unpadded(payload: Buffer, flags: number): Buffer | ConnectionFault {
  if ((flags & Flag.PADDED) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined || padding >= payload.length) return protocolFault("the padding is longer than its frame");
  return payload.subarray(1, payload.length - padding);
}
