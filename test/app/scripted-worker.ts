import net from "node:net";
import {
  BODY,
  DATA,
  END,
  encodeFrame,
  FOLLOW,
  FrameReader,
  HEAD,
  HELLO,
  HELPLINE,
  LANE,
  PULL,
  RESPONSE,
} from "../../src/app/frames.ts";

/** A REQUEST as a worker reads it. */
export interface ReceivedRequest {
  readonly stream: number;
  readonly block: string;
  readonly method: string;
  readonly path: string;
  readonly flags: number;
  readonly bodyLength: number;
  readonly body: Buffer;
}

/** Keys of the connections that are no lane's. */
const BY_DATA = -2;
const BY_HELP = -1;

/** A worker whose behaviour the test scripts: speaks the protocol over a real socket, runs nothing. */
export class ScriptedWorker {
  readonly received: ReceivedRequest[] = [];
  readonly frames: { lane: number; type: number; stream: number; payload: Buffer }[] = [];
  /** Called for each request; answers when and how it likes. */
  onRequest: (request: ReceivedRequest) => void = () => {};
  onFrame: (lane: number, type: number, stream: number, payload: Buffer) => void = () => {};
  readonly #sockets = new Map<number, net.Socket>();
  readonly #blocks = new Map<number, string>();

  async connect(path: string, worker: number, lanes: number): Promise<void> {
    for (let lane = BY_DATA; lane < lanes; lane++) {
      const socket = net.connect(path);
      await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
      socket.on("error", () => {});
      this.#sockets.set(lane, socket);
      const reader = new FrameReader((type, stream, payload) => this.#heard(lane, type, stream, payload));
      socket.on("data", (chunk: Buffer) => reader.push(chunk));
      const hello = Buffer.alloc(12);
      hello[0] = 1;
      hello[1] = lane === BY_DATA ? DATA : lane === BY_HELP ? HELPLINE : LANE;
      hello.writeUInt16LE(Math.max(lane, 0), 2);
      hello.writeUInt32LE(worker, 4);
      hello.writeUInt32LE(lanes, 8);
      socket.write(encodeFrame(HELLO, 0, hello));
    }
  }

  /** A whole answer. `shares`: says that the lanes share what waits. */
  answer(
    request: ReceivedRequest,
    body: string,
    head = "200 OK\0Content-Type\0text/plain",
    service = 0,
    shares = false,
  ): void {
    const text = Buffer.from(head, "latin1");
    const payload = Buffer.alloc(8 + text.length + Buffer.byteLength(body));
    payload.writeUInt32LE(service, 0);
    payload[5] = shares ? 1 : 0;
    payload.writeUInt16LE(text.length, 6);
    text.copy(payload, 8);
    payload.write(body, 8 + text.length);
    this.send(BY_DATA, RESPONSE, request.stream, payload);
  }

  /** Begins a streamed answer on a lane's own connection. */
  begin(lane: number, stream: number, length: number, head = "200 OK\0Content-Type\0text/plain"): void {
    const payload = Buffer.alloc(9 + head.length);
    payload.writeBigInt64LE(BigInt(length), 0);
    payload[8] = 1;
    payload.write(head, 9, "latin1");
    this.send(lane, HEAD, stream, payload);
  }

  piece(lane: number, stream: number, data: Buffer): void {
    this.send(lane, BODY, stream, data);
  }

  end(lane: number, stream: number): void {
    this.send(lane, END, stream);
  }

  follow(): void {
    this.send(BY_HELP, FOLLOW, 0);
  }

  pull(lane: number, stream: number, bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(bytes);
    this.send(lane, PULL, stream, payload);
  }

  send(lane: number, type: number, stream: number, payload: Buffer | null = null): void {
    this.#sockets.get(lane)!.write(encodeFrame(type, stream, payload));
  }

  /** Closes all connections, as death does. */
  die(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #heard(lane: number, type: number, stream: number, payload: Buffer): void {
    if (type !== 1) {
      this.frames.push({ lane, type, stream, payload: Buffer.from(payload) });
      this.onFrame(lane, type, stream, payload);
      return;
    }
    const slot = payload.readUInt32LE(0);
    const blockLength = payload.readUInt32LE(4);
    const headLength = payload.readUInt32LE(8);
    const block = payload.latin1Slice(24, 24 + blockLength);
    if (blockLength > 0) this.#blocks.set(slot, block);
    const head = payload.latin1Slice(24 + blockLength, 24 + blockLength + headLength).split("\0");
    const request: ReceivedRequest = {
      stream,
      block: this.#blocks.get(slot)!,
      method: head[0]!,
      path: head[1]!,
      flags: payload[12]!,
      bodyLength: Number(payload.readBigInt64LE(16)),
      body: Buffer.from(payload.subarray(24 + blockLength + headLength)),
    };
    this.received.push(request);
    this.onRequest(request);
  }
}
