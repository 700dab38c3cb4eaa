import net from "node:net";
import { duplexPair } from "node:stream";
import { isToken } from "../../src/http/characters.ts";
import { Http1Connection } from "../../src/http/connection.ts";
import type { Exchange, ExchangeObserver } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { Http2Connection } from "../../src/http2/connection.ts";
import { PREFACE_LINE } from "../../src/http2/frame.ts";
import { DEFAULT_HTTP2_LIMITS } from "../../src/http2/http2-options.ts";

/** What the victim is told, and what it answers. */
export type ToVictim =
  | { readonly feed: number; readonly pieces: readonly string[] }
  | { readonly measure: true }
  | { readonly ping: true };
export type FromVictim =
  | { readonly port: number }
  | { readonly fed: number; readonly said: string }
  | { readonly violation: string }
  | { readonly figures: Figures }
  | { readonly pong: true };

export interface Figures {
  readonly rss: number;
  readonly heap: number;
  readonly connections: number;
  readonly handles: number;
}

const OK = new ResponseHead(200, [["Content-Type", "text/plain"]]);
const LARGE = Buffer.alloc(200_000, "l");
const observer: ExchangeObserver = {
  ended: () => {},
  refused: () => {},
  connectionOpened: () => connections++,
  connectionClosed: () => connections--,
};
let connections = 0;

function say(message: FromVictim): void {
  if (process.connected) process.send!(message, undefined, {}, () => {});
}

/** Whatever reaches a handler must be safe to pass on as a message of HTTP/1.1. */
function violation({ method, target, path, headers, host }: Exchange): string | null {
  if (!isToken(method)) return `the method ${JSON.stringify(method)}`;
  if (!/^(?:\/[!-~]*|\*|https?:\/\/[!-~]*)$/i.test(target)) return `the target ${JSON.stringify(target)}`;
  if (path.includes("\0") || !/^[/*]/.test(path) || /(?:^|\/)\.\.?(?:\/|$)/.test(path))
    return `the path ${JSON.stringify(path)}`;
  if (/[^!-~]/.test(host)) return `the host ${JSON.stringify(host)}`;
  for (const [i, name] of headers.names.entries()) {
    const value = headers.values[i]!;
    if (!isToken(name) || name !== name.toLowerCase()) return `the name ${JSON.stringify(name)}`;
    if (/[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/.test(value)) return `the value ${JSON.stringify(value)}`;
  }
  if (headers.names.filter((name) => name === "host").length > 1) return "two Host fields";
  return null;
}

function handle(exchange: Exchange): void {
  const wrong = violation(exchange);
  if (wrong !== null) say({ violation: wrong });
  if (exchange.path === "/fail") return exchange.fail(503, "of no use");
  if (exchange.path === "/large") return exchange.respond(OK, LARGE);
  if (exchange.path === "/stream") {
    let pieces = 0;
    let produce = (): void => {};
    return exchange.respond(OK, {
      kind: "stream",
      length: -1,
      start: (sink) => {
        produce = () => {
          while (pieces < 20) {
            pieces++;
            if (!sink.write(Buffer.alloc(5000, "s"))) return;
          }
          sink.end([["X-Sum", "1"]]);
        };
        produce();
      },
      resume: () => produce(),
      cancel: () => {},
    });
  }
  let length = 0;
  exchange.body.read({
    data: (piece) => {
      length += piece.length;
    },
    end: () => exchange.respond(OK, Buffer.from(`${exchange.method} ${length}`)),
    fail: (status, reason) => exchange.fail(status, reason),
  });
}

const options = {
  handler: () => ({ handle }),
  settings: { limits: DEFAULT_LIMITS, timeouts: DEFAULT_TIMEOUTS, serverName: null },
  http2: DEFAULT_HTTP2_LIMITS,
  observer,
  secure: false,
  localPort: 0,
  address: "",
};

function serve(socket: net.Socket): void {
  const takeOver = (taken: net.Socket, line: string, input: Buffer): boolean => {
    if (line !== PREFACE_LINE || input.length === 0) return false;
    new Http2Connection(taken, options).start(input);
    return true;
  };
  new Http1Connection(socket, { ...options, takeOver }).start();
}

/** Exactly these reads, without a kernel that joins them. */
function feed(number: number, pieces: readonly string[]): void {
  const [client, socket] = duplexPair();
  const said: Buffer[] = [];
  client.on("data", (piece: Buffer) => said.push(piece));
  client.once("end", () => {
    client.destroy();
    socket.destroy();
    say({ fed: number, said: Buffer.concat(said).toString("base64") });
  });
  client.on("error", () => {});
  serve(socket as unknown as net.Socket);
  for (const piece of pieces) client.write(Buffer.from(piece, "latin1"));
  client.end();
}

function measure(): void {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const handles = process
    .getActiveResourcesInfo()
    .filter((name) => name.includes("Socket") || name.includes("FS")).length;
  say({ figures: { rss, heap: heapUsed, connections, handles } });
}

process.on("message", (message: ToVictim) => {
  if ("feed" in message) feed(message.feed, message.pieces);
  else if ("measure" in message) measure();
  else say({ pong: true });
});
process.on("disconnect", () => process.exit(0));
const server = net.createServer({ noDelay: true, allowHalfOpen: true }, serve);
server.listen(0, "127.0.0.1", () => say({ port: (server.address() as net.AddressInfo).port }));
