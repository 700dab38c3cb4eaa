import { once } from "node:events";
import net from "node:net";
import type { TestContext } from "node:test";

/** A FastCGI program that answers with the parameters of these names, and with the body. Resolves to its port. */
export async function fastcgiEcho(t: TestContext, names: readonly string[]): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let input = Buffer.alloc(0);
    let parameters = Buffer.alloc(0);
    let body = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece: Buffer) => {
      input = Buffer.concat([input, piece]);
      for (;;) {
        const length = input.length < 8 ? 0 : input.readUInt16BE(4);
        const end = 8 + length + (input[6] ?? 0);
        if (input.length < 8 || input.length < end) return;
        const [type, content] = [input[1], input.subarray(8, 8 + length)];
        input = Buffer.from(input.subarray(end));
        if (type === 4) parameters = Buffer.concat([parameters, content]);
        else if (type === 5 && length > 0) body += content.latin1Slice();
        else if (type === 5) {
          const known = pairs(parameters);
          const shown = names.map((name) => `${name}=${known.get(name) ?? "none"}`).join("\n");
          socket.write(record(6, `Content-Type: text/plain\r\n\r\n${shown}\n${body}`));
          socket.end(record(3, "\0\0\0\0\0\0\0\0"));
        }
      }
    });
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

// --- internal ---

function record(type: number, text: string): Buffer {
  const content = Buffer.from(text, "latin1");
  return Buffer.concat([Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]), content]);
}

function pairs(bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  let at = 0;
  const length = (): number => {
    const first = bytes[at]!;
    at += first < 128 ? 1 : 4;
    return first < 128 ? first : bytes.readUInt32BE(at - 4) & 0x7fffffff;
  };
  const take = (size: number): string => {
    at += size;
    return bytes.latin1Slice(at - size, at);
  };
  while (at < bytes.length) {
    const [name, value] = [length(), length()];
    found.set(take(name), take(value));
  }
  return found;
}
