import net from "node:net";
import { FrameType, frameHead, PREFACE, settingsFrame } from "../../src/http2/frame.ts";
import { HeaderDecoder } from "../../src/http2/header-decoder.ts";

/** A frame as the server sent it. */
export interface Received {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A response, as far as it has come. */
export interface Response {
  /** Final and interim heads and trailers in order: `:status` is among the fields. */
  readonly heads: readonly ReadonlyMap<string, string>[];
  readonly body: Buffer;
  readonly ended: boolean;
  /** Code of RST_STREAM, or null. */
  readonly reset: number | null;
}

type Field = readonly [name: string, value: string];

/** A field as HPACK's plainest form: a literal that is not indexed, its texts not coded (RFC 7541 §6.2.2). `plain` in latin-1. */
export function literal([name, value]: Field): string {
  return `\0${string(name)}${string(value)}`;
}

function string(text: string): string {
  if (text.length < 127) return String.fromCharCode(text.length) + text;
  let rest = text.length - 127;
  let length = "\x7f";
  for (; rest >= 128; rest >>>= 7) length += String.fromCharCode((rest & 127) | 128);
  return length + String.fromCharCode(rest) + text;
}

/** A request's header block; fields in the order given. */
export function block(fields: readonly Field[]): string {
  return fields.map(literal).join("");
}

/** The fields of a plain request, with others after them. */
export function request(path = "/", more: readonly Field[] = [], method = "GET"): Field[] {
  return [[":method", method], [":scheme", "http"], [":authority", "a.example"], [":path", path], ...more];
}

/** A client that says exactly what a test wants, frame by frame, in clear text. It acknowledges nothing by itself. */
export class FrameClient {
  readonly socket: net.Socket;
  readonly frames: Received[] = [];
  readonly closed: Promise<void>;
  isClosed = false;
  /** Bytes of DATA, of all streams. */
  received = 0;
  #input: Buffer = Buffer.alloc(0);
  readonly #decoder = new HeaderDecoder(4096);
  readonly #responses = new Map<
    number,
    { heads: ReadonlyMap<string, string>[]; body: Buffer[]; ended: boolean; reset: number | null }
  >();
  #waiting: { condition: () => boolean; resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => {});
    this.closed = new Promise((resolve) =>
      socket.once("close", () => {
        this.isClosed = true;
        resolve();
        this.#check();
        for (const one of this.#waiting) one.reject(new Error(`the connection closed after ${this.#describe()}`));
      }),
    );
  }

  /** Writes latin-1 text as it is. */
  raw(text: string): void {
    this.socket.write(Buffer.from(text, "latin1"));
  }

  frame(type: number, flags: number, stream: number, payload = ""): void {
    this.raw(frameHead(payload.length, type, flags, stream) + payload);
  }

  /** HEADERS with END_HEADERS, and END_STREAM unless a body follows. */
  ask(stream: number, fields: readonly Field[] = request(), ended = true): void {
    this.frame(FrameType.HEADERS, ended ? 0x5 : 0x4, stream, block(fields));
  }

  /** The same in frames of 10 KB. */
  askInPieces(stream: number, fields: readonly Field[]): void {
    const text = block(fields);
    for (let at = 0; at < text.length; at += 10_000) {
      const last = at + 10_000 >= text.length ? 0x4 : 0;
      const piece = text.slice(at, at + 10_000);
      this.frame(at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION, last | (at === 0 ? 1 : 0), stream, piece);
    }
  }

  data(stream: number, text: string, ended = false): void {
    this.frame(FrameType.DATA, ended ? 0x1 : 0, stream, text);
  }

  window(stream: number, increment: number): void {
    this.frame(FrameType.WINDOW_UPDATE, 0, stream, uint32(increment));
  }

  reset(stream: number, code = 8): void {
    this.frame(FrameType.RST_STREAM, 0, stream, uint32(code));
  }

  /** What has come on a stream so far. */
  on(stream: number): Response {
    const found = this.#responses.get(stream);
    return found === undefined
      ? { heads: [], body: Buffer.alloc(0), ended: false, reset: null }
      : { ...found, body: Buffer.concat(found.body) };
  }

  /** Resolves when the stream's response has ended, or was reset. */
  async response(stream: number): Promise<Response> {
    await this.until(() => this.#responses.get(stream)?.ended === true || this.#responses.get(stream)?.reset != null);
    return this.on(stream);
  }

  /** Status of the final response, or `reset N`. */
  async status(stream: number): Promise<string> {
    const { heads, reset } = await this.response(stream);
    return reset !== null && reset !== 0 ? `reset ${reset}` : (heads.at(-1)?.get(":status") ?? "none");
  }

  /** The code of the last GOAWAY, once the server has closed. */
  async goaway(): Promise<number | null> {
    await this.closed;
    return this.goawayCode;
  }

  get goawayCode(): number | null {
    const frame = this.frames.findLast(({ type }) => type === FrameType.GOAWAY);
    return frame === undefined ? null : frame.payload.readUInt32BE(4);
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ condition, resolve, reject });
      this.#check();
      if (this.isClosed) reject(new Error(`the connection is closed after ${this.#describe()}`));
    });
  }

  #receive(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (this.#input.length >= 9 && this.#input.length >= 9 + this.#input.readUIntBE(0, 3)) {
      const length = this.#input.readUIntBE(0, 3);
      const [type, flags, stream] = [this.#input[3]!, this.#input[4]!, this.#input.readUInt32BE(5)];
      this.#take({ type, flags, stream, payload: this.#input.subarray(9, 9 + length) });
      this.#input = this.#input.subarray(9 + length);
    }
    this.#check();
  }

  #take(frame: Received): void {
    this.frames.push(frame);
    if (frame.type === FrameType.DATA) this.received += frame.payload.length;
    const { type, flags, stream, payload } = frame;
    if (stream === 0 || type > FrameType.RST_STREAM) return;
    const found = this.#responses.get(stream) ?? { heads: [], body: [], ended: false, reset: null };
    this.#responses.set(stream, found);
    if (type === FrameType.HEADERS) {
      const list = this.#decoder.decode(payload, 1e6);
      if (list === null) throw new Error("the server's header block can't be decoded");
      found.heads.push(new Map(list.names.map((name, i) => [name, list.values[i]!])));
    } else if (type === FrameType.DATA) found.body.push(payload);
    else if (type === FrameType.RST_STREAM) found.reset = payload.readUInt32BE(0);
    if (type !== FrameType.RST_STREAM && (flags & 1) !== 0) found.ended = true;
  }

  #check(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((one) => one.condition());
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const one of due) one.resolve();
  }

  #describe(): string {
    return this.frames
      .map(({ type, stream, payload }) => `${type}/${stream}:${payload.toString("hex", 0, 16)}`)
      .join(" ");
  }
}

export function uint32(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Connects, and says the preface and these settings. */
export async function connect(
  port: number,
  settings: readonly (readonly [number, number])[] = [],
  preface = true,
): Promise<FrameClient> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const client = new FrameClient(socket);
  if (preface) client.raw(PREFACE + settingsFrame(settings));
  return client;
}
