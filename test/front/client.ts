import { once } from "node:events";
import net from "node:net";
import type { TestContext } from "node:test";
import tls from "node:tls";
import { folder, freePort, type Instance, start } from "../support/instance.ts";

/** An application that says what it was told, one `KEY=value` a line, for these keys and all HTTP_*. */
export const TELLER = `
KEYS = ("REMOTE_ADDR", "REMOTE_PORT", "REMOTE_USER", "AUTH_TYPE", "SERVER_PORT", "SERVER_NAME", "SCRIPT_NAME", "PATH_INFO", "wsgi.url_scheme")

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    keys = sorted(key for key in environ if key in KEYS or key.startswith("HTTP"))
    return ["".join("%s=%s\\n" % (key, environ[key]) for key in keys).encode("latin-1")]
`;

/** What {@link TELLER} said. */
export function told(body: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    body.split("\n").flatMap((line) => {
      const equals = line.indexOf("=");
      return equals < 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)]];
    }),
  );
}

/** A propylon with these settings, once it is ready. */
export async function serve(
  t: TestContext,
  settings: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Instance & { readonly cwd: string }> {
  const cwd = folder(t, { "app.py": TELLER, ...files, "propylon.yaml": settings });
  const instance = start(t, ["run"], { cwd });
  while (!instance.output.err.includes("main: ready")) {
    const end = await Promise.race([instance.exited, once(instance.process, "output").then(() => null)]);
    if (end !== null) throw new Error(`propylon ended: ${instance.output.err}`);
  }
  return { ...instance, cwd };
}

/** A propylon that runs the configuration of an nginx, once it is ready; its port. */
export async function serveNginx(t: TestContext, http: (port: number) => string): Promise<number> {
  const port = await freePort();
  const cwd = folder(t, { "site.conf": `events {} http { access_log off; ${http(port)} }` });
  const instance = start(t, ["run", "site.conf"], { cwd });
  await instance.url;
  return port;
}

export interface Said {
  readonly status: number;
  /** Names in lower case, in the order received. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Sends bytes on a connection of its own and reads to its end. null: it was closed without a word. */
export async function send(
  port: number,
  bytes: string | Buffer,
  options: { readonly tls?: boolean; readonly before?: string | Buffer } = {},
): Promise<Said | null> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  if (options.before !== undefined) socket.write(Buffer.from(options.before as string, "latin1"));
  const stream = options.tls === true ? tls.connect({ socket, rejectUnauthorized: false }) : socket;
  stream.on("error", () => {});
  stream.write(Buffer.from(bytes as string, "latin1"));
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  await new Promise((resolve) => stream.once("close", resolve));
  const text = Buffer.concat(pieces).toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first, ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const chunked = headers.some(([name, value]) => name === "transfer-encoding" && value === "chunked");
  const rest = text.slice(end + 4);
  return { status: Number(first!.split(" ")[1]), headers, body: chunked ? unchunked(rest) : rest };
}

function unchunked(text: string): string {
  const line = text.indexOf("\r\n");
  const size = Number.parseInt(text.slice(0, line), 16);
  return size === 0 ? "" : text.slice(line + 2, line + 2 + size) + unchunked(text.slice(line + 4 + size));
}

/** The bytes of a GET that closes its connection. */
export function get(target: string, headers: readonly string[] = [], host = "site.example"): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${headers.map((line) => `${line}\r\n`).join("")}Connection: close\r\n\r\n`;
}

/** Values of a field of an answer. */
export function field(said: Said | null, name: string): readonly string[] {
  return (said?.headers ?? []).filter(([one]) => one === name).map(([, value]) => value);
}
