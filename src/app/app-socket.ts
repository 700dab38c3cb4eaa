import type net from "node:net";
import { DATA, decodeHello, FRAME_HEAD, HELLO, HELPLINE, LANE, LOOP, PROTOCOL_VERSION, STREAM } from "./frames.ts";
import type { Pool } from "./pool.ts";

/** Bytes of a HELLO frame. */
const HELLO_SIZE = FRAME_HEAD + 12;
/** A connection that has not said HELLO after this many ms is closed. */
const HELLO_TIMEOUT = 5000;
/** Exchanges that a worker with an event loop may say to take at once. */
const MOST_EXCHANGES = 1_000_000;
const KINDS = new Set([DATA, LANE, STREAM, HELPLINE, LOOP]);

/** Takes a connection on an app's socket: reads HELLO, then hands it to the pool. */
export function acceptWorker(socket: net.Socket, pool: Pool): void {
  let read: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT);
  socket.on("error", () => {}); // "close" follows, and says all there is to say
  const onData = (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    if (read.length < HELLO_SIZE) return;
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("close", onClose);
    const hello =
      read[8] === HELLO && read.readUInt32LE(0) === 12 ? decodeHello(read.subarray(FRAME_HEAD, HELLO_SIZE)) : null;
    if (
      hello === null ||
      hello.version !== PROTOCOL_VERSION ||
      !KINDS.has(hello.kind) ||
      hello.lane >= hello.lanes ||
      hello.lanes > (hello.kind === LOOP ? MOST_EXCHANGES : 1024)
    ) {
      pool.warn(
        `a connection to the socket of app ${pool.name} did not speak version ${PROTOCOL_VERSION} of the worker protocol`,
      );
      socket.destroy();
      return;
    }
    pool.attach(socket, hello, read.subarray(HELLO_SIZE));
  };
  const onClose = () => clearTimeout(timer);
  socket.on("data", onData);
  socket.on("close", onClose);
}
