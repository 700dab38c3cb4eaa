import net from "node:net";

export interface Answer {
  readonly status: number;
  /** By lower-case name; repeated fields are joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends one request with the target exactly as written, on a connection of its own, and reads the answer to its end. */
export async function ask(
  port: number,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Answer> {
  const lines = Object.entries({ Host: "example.org", Connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const raw = await exchange(port, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return parse(raw);
}

/** Sends bytes and reads until the server closes. */
export function exchange(port: number, request: string): Promise<Buffer> {
  return new Promise((done, failed) => {
    const pieces: Buffer[] = [];
    const socket = net.connect(port, "127.0.0.1", () => socket.write(request, "latin1"));
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.on("end", () => done(Buffer.concat(pieces)));
    socket.on("error", failed);
  });
}

export function parse(raw: Buffer): Answer {
  const end = raw.indexOf("\r\n\r\n");
  if (end < 0) throw new Error(`no complete head in ${JSON.stringify(raw.toString("latin1"))}`);
  const [statusLine, ...lines] = raw.toString("latin1", 0, end).split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { status: Number(statusLine!.split(" ")[1]), headers, body: raw.subarray(end + 4) };
}
