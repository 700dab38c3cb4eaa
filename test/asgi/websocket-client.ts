import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { acceptKey } from "../../src/websocket/handshake.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

export interface ServerFrame {
  readonly opcode: number;
  readonly final: boolean;
  readonly payload: Buffer;
}

/** A strict WebSocket client: refuses what RFC 6455 forbids to servers, sends whatever the test wants. */
export class WebSocketClient {
  readonly socket: net.Socket;
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<unknown[]>;
  /** Status line and fields of the handshake's answer, names in lower case. */
  head = "";
  headers = new Map<string, string>();
  /** What came behind the head of a refused handshake. */
  body = "";
  #rest: Buffer = Buffer.alloc(0);
  #upgraded = false;

  constructor(port: number) {
    this.socket = net.connect(port, "127.0.0.1");
    this.socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.socket.on("error", () => {}); // a server that gives up may reset
    this.closed = once(this.socket, "close");
  }

  /** Sends the handshake and waits for the head of the answer; whether it was granted. */
  async open(path: string, fields: readonly string[] = []): Promise<boolean> {
    const lines = [
      `GET ${path} HTTP/1.1`,
      "Host: a.example",
      "Connection: keep-alive, Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${KEY}`,
      ...fields,
    ];
    this.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    while (this.head === "") await Promise.race([once(this.socket, "data"), this.closed]);
    if (this.#upgraded) assert.equal(this.headers.get("sec-websocket-accept"), acceptKey(KEY));
    return this.#upgraded;
  }

  /** A masked frame, or what the test makes of one. */
  send(opcode: number, payload: Buffer | string, { final = true, masked = true, reserved = 0 } = {}): void {
    const data = Buffer.from(payload as string);
    const mask = masked ? Buffer.from([0x12, 0x34, 0xab, 0xcd]) : Buffer.alloc(0);
    const first = (final ? 0x80 : 0) | reserved | opcode;
    const bit = masked ? 0x80 : 0;
    const head =
      data.length < 126
        ? Buffer.from([first, bit | data.length])
        : data.length < 65_536
          ? Buffer.from([first, bit | 126, data.length >> 8, data.length & 255])
          : Buffer.from([
              first,
              bit | 127,
              0,
              0,
              0,
              0,
              ...[24, 16, 8, 0].map((shift) => (data.length >>> shift) & 255),
            ]);
    const body = masked ? data.map((byte, at) => byte ^ mask[at & 3]!) : data;
    this.socket.write(Buffer.concat([head, mask, body]));
  }

  /** The next whole message, pieces joined; control frames before it are passed over. */
  async message(): Promise<ServerFrame> {
    const pieces: ServerFrame[] = [];
    for (;;) {
      const frame = await this.frame();
      if (frame.opcode >= 8) {
        if (frame.opcode === 8) throw new Error(`closed with ${frame.payload.toString("hex")}`);
        continue;
      }
      assert.equal(frame.opcode === 0, pieces.length > 0, "pieces out of order");
      pieces.push(frame);
      if (!frame.final) continue;
      return {
        opcode: pieces[0]!.opcode,
        final: true,
        payload: Buffer.concat(pieces.map(({ payload }) => payload)),
      };
    }
  }

  async frame(): Promise<ServerFrame> {
    while (this.frames.length === 0) {
      const event = await Promise.race([once(this.socket, "data"), this.closed.then(() => null)]);
      if (event === null && this.frames.length === 0) throw new Error("the connection has ended");
    }
    return this.frames.shift()!;
  }

  /** Waits for the server's Close frame; `[code, reason]`, 1005 for an empty one. Answers it, and waits for the end. */
  async close(): Promise<[number, string]> {
    for (;;) {
      const { opcode, payload } = await this.frame();
      if (opcode !== 8) continue;
      const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
      if (!this.socket.writableEnded) this.send(8, payload.subarray(0, 2));
      await this.closed;
      return [code, payload.toString("utf8", 2)];
    }
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.head === "") this.#readHead();
    if (this.head === "") return;
    if (!this.#upgraded) {
      this.body += this.#rest.toString("latin1");
      this.#rest = Buffer.alloc(0);
      return;
    }
    for (;;) {
      if (this.#rest.length < 2) return;
      const [first, second] = [this.#rest[0]!, this.#rest[1]!];
      assert.equal(first & 0x70, 0, "a reserved bit is set");
      assert.equal(second & 0x80, 0, "a server's frame is masked");
      const head = second === 126 ? 4 : second === 127 ? 10 : 2;
      if (this.#rest.length < head) return;
      const length = second === 126 ? this.#rest.readUInt16BE(2) : second === 127 ? this.#rest.readUInt32BE(6) : second;
      if (this.#rest.length < head + length) return;
      this.frames.push({
        opcode: first & 15,
        final: first >= 0x80,
        payload: Buffer.from(this.#rest.subarray(head, head + length)),
      });
      this.#rest = this.#rest.subarray(head + length);
    }
  }

  #readHead(): void {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return;
    const [status, ...lines] = this.#rest.toString("latin1", 0, end).split("\r\n");
    for (const line of lines) {
      const colon = line.indexOf(":");
      this.headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    this.#rest = this.#rest.subarray(end + 4);
    this.#upgraded = status!.startsWith("HTTP/1.1 101 ");
    this.head = status!;
  }
}
