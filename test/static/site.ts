import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { StaticConfig } from "../../src/config/route-model.ts";
import { Http1Connection } from "../../src/http/connection.ts";
import type { Client, Exchange, ExchangeObserver, Handler } from "../../src/http/exchange.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { StaticCache } from "../../src/static/cache.ts";
import { createStaticHandler } from "../../src/static/handler.ts";
import { BASE } from "./settings.ts";

/** A folder with files, served by the static handler on a real socket; gone with everything in it after `close`. */
export interface TestSite {
  readonly port: number;
  /** The folder that is served is `public` below it. */
  readonly folder: string;
  readonly root: string;
  readonly cache: StaticCache;
  /** The next exchanges are handled by this handler. */
  use(handler: Handler): void;
  close(): Promise<void>;
}

export async function openSite(
  settings: Partial<StaticConfig> = {},
  cache: StaticCache = new StaticCache(),
): Promise<TestSite> {
  const folder = mkdtempSync(join(tmpdir(), "propylon-static-"));
  const root = join(folder, "public");
  mkdirSync(root);
  let handler = createStaticHandler({ ...BASE, root, ...settings }, cache);
  const connections = new Set<Http1Connection>();
  const server = net.createServer((socket) => {
    const connection = new Http1Connection(socket, {
      handler: () => handler,
      settings: { limits: DEFAULT_LIMITS, timeouts: DEFAULT_TIMEOUTS, serverName: null },
      observer: DEAF,
      secure: false,
      localPort: (server.address() as net.AddressInfo).port,
      address: "127.0.0.1",
    });
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
    connection.start();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as net.AddressInfo).port,
    folder,
    root,
    cache,
    use: (next) => {
      handler = next;
    },
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const connection of connections) connection.destroy();
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a file and the folders above it; `modified` in seconds since 1970, long ago unless told. */
export function put(path: string, content: string | Buffer, modified = 1_700_000_000): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, modified, modified);
}

/** How many descriptors of this process are open on files below `folder`. */
export function openFilesBelow(folder: string): number {
  let count = 0;
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)) count++;
    } catch {
      // Closed since it was listed.
    }
  }
  return count;
}

/** Asserts nothing itself: resolves once `condition` holds, rejects after ten seconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`it never came true that ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

const DEAF: ExchangeObserver = {
  ended(_exchange: Exchange, _status: number, _bytes: number): void {},
  refused(_client: Client, _status: number, _reason: string, _line: string): void {},
  connectionOpened(): void {},
  connectionClosed(): void {},
};
