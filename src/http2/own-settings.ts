import { Setting, settingsFrame, windowFrame } from "./frame.ts";

/** Bytes that a client may send of a body before a handler asks for it: the protocol's default. */
export const STREAM_WINDOW = 65_535;
/** The same once a handler reads it: 256 KB in flight carry 20 Mbit/s over 100 ms. */
export const WIDE_WINDOW = 256 * 1024;
/** Bytes of all bodies together that wait in memory for their handlers, at most. */
export const CONNECTION_WINDOW = 1024 * 1024;

/** What we say first (RFC 9113 §3.4): our settings, and the connection's window. */
export function greeting(streams: number, listLimit: number): string {
  return (
    settingsFrame([
      [Setting.MAX_CONCURRENT_STREAMS, streams],
      [Setting.MAX_HEADER_LIST_SIZE, listLimit],
      // RFC 9218 §2.1: priorities of RFC 7540 are not looked at.
      [Setting.NO_RFC7540_PRIORITIES, 1],
    ]) + windowFrame(0, CONNECTION_WINDOW - STREAM_WINDOW)
  );
}
