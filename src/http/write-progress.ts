import type { Socket } from "node:net";

/**
 * A number that changes whenever the kernel takes bytes of what waits to be written, or 0 when nothing waits. `writableLength`
 * alone counts whole writes; `writeQueueSize`, where Node's own `socket.setTimeout` looks, also sees the parts of a large one.
 */
export function pendingWrite(socket: Socket): number {
  const waiting = socket.writableLength;
  if (waiting === 0) return 0;
  const handle = (socket as { _handle?: { writeQueueSize?: unknown } | null })._handle;
  const queued = handle?.writeQueueSize;
  return waiting + (typeof queued === "number" ? queued / 2 ** 32 : 0);
}
