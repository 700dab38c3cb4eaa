import { ConnectionFault, ErrorCode, protocolFault } from "./error-code.ts";
import { MAX_PAYLOAD, Setting } from "./frame.ts";

/** Largest window (RFC 9113 §6.9.1). */
export const LARGEST_WINDOW = 0x7fffffff;

/** What the client wants; the rest of its settings is of no consequence: we neither push nor fill its table. */
export class PeerSettings {
  /** Bytes that each stream may be sent at first. */
  initialWindow = 65_535;

  /** Takes a SETTINGS payload (RFC 9113 §6.5); returns what is wrong with it. */
  read(payload: Buffer): ConnectionFault | null {
    for (let at = 0; at < payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      switch (payload.readUInt16BE(at)) {
        case Setting.ENABLE_PUSH:
          if (value > 1) return protocolFault("ENABLE_PUSH is not 0 or 1");
          break;
        case Setting.INITIAL_WINDOW_SIZE:
          if (value > LARGEST_WINDOW)
            return new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is too large");
          this.initialWindow = value;
          break;
        case Setting.MAX_FRAME_SIZE:
          if (value < MAX_PAYLOAD || value > 0xffffff) return protocolFault("MAX_FRAME_SIZE is not allowed");
          break;
      }
    }
    return null;
  }
}
