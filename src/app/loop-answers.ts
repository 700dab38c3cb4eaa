import { ResponseHead } from "../http/response-head.ts";
import type { Producer } from "../spool/answer-body.ts";
import type { WebSocketSettings } from "../websocket/socket.ts";
import type { AppRequest } from "./app-request.ts";
import { AppWebSocket, type WebSocketFigures } from "./app-websocket.ts";
import type { Channel } from "./channel.ts";
import { ABORT, CLOSE } from "./frames.ts";
import { responseHead } from "./response-block.ts";

/** What an ABORT says of a client that has closed its side and may still read. */
const HALF_CLOSED: Buffer = Buffer.from("half-closed");

/** What the answers of a worker with an event loop are made with. */
export interface LoopSurroundings {
  readonly webSocketSettings: WebSocketSettings;
  readonly webSockets: WebSocketFigures;
  warn(message: string): void;
}

/** Has the worker told when the client leaves, or closes its side. `tell` sends ABORT while the request is in flight. */
export function watchClient(request: AppRequest, tell: (reason: Buffer | null) => void): void {
  request.left = () => tell(null);
  request.exchange.onInputEnd = () => tell(HALF_CLOSED);
}

/** What holds an answer's worker back: the connection that it comes on. */
export function producerOf(channel: Channel, stream: number): Producer {
  return {
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    abandon: () => {
      channel.resume();
      channel.send(ABORT, stream);
    },
  };
}

/** The app takes the WebSocket that its client asked for: `text` is the head of its HEAD. Returns why that can't be, or null. */
export function acceptWebSocket(
  request: AppRequest,
  channel: Channel,
  text: string,
  surroundings: LoopSurroundings,
): string | null {
  const { webSocketSettings: settings, webSockets: figures } = surroundings;
  const socket = new AppWebSocket(request, channel, { settings, figures, warn: (said) => surroundings.warn(said) });
  request.answer = socket;
  if (request.gone) return null;
  const head = responseHead(`200${text.slice(3)}`);
  if (head instanceof ResponseHead) {
    socket.accept(head.headers);
    return null;
  }
  channel.send(ABORT, request.stream);
  return head.refused;
}

/** A MESSAGE or CLOSE of the app; for an exchange that is over it is dropped. */
export function webSocketFrame(request: AppRequest | undefined, type: number, payload: Buffer): void {
  const answer = request?.answer;
  if (!(answer instanceof AppWebSocket)) return;
  if (type === CLOSE) {
    if (payload.length >= 2) answer.close(payload.readUInt16LE(0), payload.toString("utf8", 2));
  } else if (payload.length >= 1) answer.say(payload);
}

/** The edge stops: WebSockets are closed. */
export function closeWebSockets(requests: Iterable<AppRequest>): void {
  for (const { answer } of requests) if (answer instanceof AppWebSocket) answer.goAway();
}
