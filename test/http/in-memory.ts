import type net from "node:net";
import { duplexPair } from "node:stream";
import { Http1Connection } from "../../src/http/connection.ts";
import type { ExchangeObserver } from "../../src/http/exchange.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { parseResponses } from "./client.ts";
import { createRecorder, type Recorded } from "./recorder.ts";

export interface Outcome {
  readonly statuses: readonly number[];
  readonly requests: readonly Recorded[];
  /** How many writes brought the answers. */
  readonly writes: number;
}

const observer: ExchangeObserver = {
  ended: () => {},
  refused: () => {},
  connectionOpened: () => {},
  connectionClosed: () => {},
};

/**
 * Feeds the engine exactly these reads, then the end of input. No socket: the kernel would join what is written in pieces. A
 * pair of streams behaves as a socket does in all that the engine uses of one.
 */
export async function feed(pieces: readonly string[]): Promise<Outcome> {
  const [client, socket] = duplexPair();
  const recorder = createRecorder();
  const connection = new Http1Connection(socket as unknown as net.Socket, {
    handler: () => recorder,
    settings: { limits: DEFAULT_LIMITS, timeouts: DEFAULT_TIMEOUTS, serverName: null },
    observer,
    secure: false,
    localPort: 0,
    address: "",
  });
  const received: Buffer[] = [];
  client.on("data", (chunk: Buffer) => received.push(chunk));
  const ended = new Promise((resolve) => client.once("end", resolve));
  connection.start();
  for (const piece of pieces) client.write(Buffer.from(piece, "latin1"));
  client.end();
  await ended;
  connection.destroy();
  client.destroy();
  const { responses } = parseResponses(Buffer.concat(received), [], true);
  return {
    statuses: responses.map((response) => response.status),
    requests: recorder.requests,
    writes: received.length,
  };
}
