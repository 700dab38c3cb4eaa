import type { Socket } from "node:net";

/**
 * Bytes of a socket that the kernel has taken so far. `bytesWritten - writableLength` counts whole writes only;
 * `writeQueueSize`, where Node's own `socket.setTimeout` looks for progress, also sees the parts of a large one.
 */
export function bytesTaken(socket: Socket): number {
  const handle = (socket as { _handle?: { bytesWritten?: unknown; writeQueueSize?: unknown } | null })._handle;
  const dispatched = handle?.bytesWritten;
  const queued = handle?.writeQueueSize;
  if (typeof dispatched === "number" && typeof queued === "number") return dispatched - queued;
  return socket.bytesWritten - socket.writableLength;
}
