import { createHash } from "node:crypto";
import type { Exchange } from "../http/exchange.ts";

/** What RFC 6455 §1.3 has servers append to the key. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A valid request for a WebSocket. */
export interface Handshake {
  /** Of Sec-WebSocket-Accept. */
  readonly accept: string;
}

/** A request for a WebSocket that can't be granted. */
export interface RefusedHandshake {
  readonly status: 400 | 426;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Whether the client asks to switch to the WebSocket protocol. */
export function asksForWebSocket(exchange: Exchange): boolean {
  return exchange.upgradable && exchange.headers.get("upgrade")?.trim().toLowerCase() === "websocket";
}

/** Checks the client's opening handshake (RFC 6455 §4.2.1). */
export function readHandshake({ method, headers, body }: Exchange): Handshake | RefusedHandshake {
  if (method !== "GET") return refused("a WebSocket is asked for with GET");
  if (body.length !== 0) return refused("a request for a WebSocket has no body");
  if (headers.list("sec-websocket-version") !== "13")
    return {
      status: 426,
      reason: "Version 13 of the WebSocket protocol is spoken here",
      headers: [
        ["Sec-WebSocket-Version", "13"],
        ["Upgrade", "websocket"],
      ],
    };
  const key = headers.list("sec-websocket-key") ?? "";
  // 16 bytes in base64.
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key)) return refused("Sec-WebSocket-Key is not 16 bytes in base64");
  return { accept: acceptKey(key) };
}

/** Sec-WebSocket-Accept for this Sec-WebSocket-Key (RFC 6455 §4.2.2). */
export function acceptKey(key: string): string {
  return createHash("sha1")
    .update(key + GUID, "latin1")
    .digest("base64");
}

function refused(reason: string): RefusedHandshake {
  return { status: 400, reason, headers: [] };
}
