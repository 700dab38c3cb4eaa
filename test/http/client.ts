import net from "node:net";

export interface TestResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [string, string])[];
}

export interface Talk {
  readonly raw: Buffer;
  readonly responses: readonly TestResponse[];
  /** Bytes that are no complete response. */
  readonly rest: Buffer;
  /** The connection ended by a reset instead of an orderly close. */
  readonly reset: boolean;
}

export interface TalkOptions {
  /** Close our side after the last piece (default: yes). */
  readonly end?: boolean;
  /** Methods of the requests, where a response to HEAD is among them. */
  readonly methods?: readonly string[];
}

/** Sends `pieces`, each in a write of its own, and reads until the server closes. */
export async function talk(
  port: number,
  pieces: readonly (string | Buffer)[],
  options: TalkOptions = {},
): Promise<Talk> {
  const client = await connect(port);
  for (const piece of pieces) client.write(piece);
  if (options.end !== false) client.socket.end();
  return client.finished(options.methods);
}

/** A client that a test speaks through. */
export class TestClient {
  readonly socket: net.Socket;
  #received: Buffer[] = [];
  #waiting: { condition: () => boolean; resolve: () => void }[] = [];
  #reset = false;
  readonly #closed: Promise<void>;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.#received.push(Buffer.from(chunk));
      this.length += chunk.length;
      this.#check();
    });
    socket.on("error", () => {
      this.#reset = true;
    });
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** Bytes received. */
  length = 0;

  get raw(): Buffer {
    return Buffer.concat(this.#received);
  }

  write(piece: string | Buffer): void {
    this.socket.write(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
  }

  /** Resolves when what has come fulfils `condition`. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ condition, resolve });
      void this.#closed.then(() =>
        reject(new Error(`the connection closed after ${JSON.stringify(this.raw.latin1Slice())}`)),
      );
      this.#check();
    });
  }

  /** Resolves when `count` complete responses have come. */
  async responses(count: number, methods: readonly string[] = []): Promise<readonly TestResponse[]> {
    await this.until(() => parseResponses(this.raw, methods, false).responses.length >= count);
    return parseResponses(this.raw, methods, false).responses;
  }

  /** Resolves when the server has closed. */
  async finished(methods: readonly string[] = []): Promise<Talk> {
    await this.#closed;
    return { raw: this.raw, reset: this.#reset, ...parseResponses(this.raw, methods, true) };
  }

  #check(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((one) => one.condition());
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const one of due) one.resolve();
  }
}

export function connect(port: number): Promise<TestClient> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: false });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(new TestClient(socket));
    });
  });
}

/** Takes responses apart, strictly by RFC 9112; interim ones are among them. `closed`: the end of `raw` ends a body without a length. */
export function parseResponses(
  raw: Buffer,
  methods: readonly string[],
  closed: boolean,
): { responses: TestResponse[]; rest: Buffer } {
  const responses: TestResponse[] = [];
  let at = 0;
  let finals = 0;
  for (;;) {
    const end = raw.indexOf("\r\n\r\n", at, "latin1");
    if (end < 0) break;
    const [line, ...fields] = raw.latin1Slice(at, end).split("\r\n");
    const match = /^(HTTP\/1\.[01]) ([0-9]{3}) ([\t -~\x80-\xff]*)$/.exec(line!);
    if (match === null) break;
    const headers = fields.map(splitField);
    const status = Number(match[2]);
    const body = readBody(raw, end + 4, status, headers, methods[finals], closed);
    if (body === null) break;
    if (status >= 200) finals++;
    responses.push({
      version: match[1]!,
      status,
      reason: match[3]!,
      headers,
      body: body.bytes,
      trailers: body.trailers,
    });
    at = body.end;
  }
  return { responses, rest: raw.subarray(at) };
}

export function field(response: TestResponse, name: string): string | undefined {
  return response.headers.find(([one]) => one === name)?.[1];
}

interface ReadBody {
  readonly bytes: Buffer;
  readonly end: number;
  readonly trailers: [string, string][];
}

function readBody(
  raw: Buffer,
  from: number,
  status: number,
  headers: readonly [string, string][],
  method: string | undefined,
  closed: boolean,
): ReadBody | null {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return plain(raw, from, from);
  const coding = headers.find(([name]) => name === "transfer-encoding");
  if (coding !== undefined) return readChunks(raw, from);
  const length = headers.find(([name]) => name === "content-length");
  if (length === undefined) return closed ? plain(raw, from, raw.length) : null;
  const end = from + Number(length[1]);
  return end <= raw.length ? plain(raw, from, end) : null;
}

function plain(raw: Buffer, from: number, end: number): ReadBody {
  return { bytes: raw.subarray(from, end), end, trailers: [] };
}

function readChunks(raw: Buffer, from: number): ReadBody | null {
  const pieces: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = raw.indexOf("\r\n", at, "latin1");
    if (lineEnd < 0) return null;
    const size = Number.parseInt(raw.latin1Slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) break;
    if (at + size + 2 > raw.length || raw.latin1Slice(at + size, at + size + 2) !== "\r\n") return null;
    pieces.push(raw.subarray(at, at + size));
    at += size + 2;
  }
  const trailers: [string, string][] = [];
  for (;;) {
    const lineEnd = raw.indexOf("\r\n", at, "latin1");
    if (lineEnd < 0) return null;
    const line = raw.latin1Slice(at, lineEnd);
    at = lineEnd + 2;
    if (line === "") return { bytes: Buffer.concat(pieces), end: at, trailers };
    trailers.push(splitField(line));
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
