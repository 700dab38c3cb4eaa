import { lstatSync, rmSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
import { hasCode } from "../base/errors.ts";
import type { UwsgiStatsConfig } from "../config/model.ts";
import { bindError, placeUnixSocket, refuseLiveSocket } from "./socket-address.ts";

/** Readers at the same time; who comes then is closed at once. */
const MOST = 64;
/** For a reader to take its document, ms. */
const PATIENCE = 5000;
const HEAD = "HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n";

/** Each connection gets one JSON document and is closed, as by uWSGI's stats server. What a reader sends is not looked at. */
export class StatsServer {
  #settings: UwsgiStatsConfig;
  readonly #document: () => Promise<unknown>;
  readonly #failed: (error: unknown) => void;
  readonly #readers = new Set<net.Socket>();
  readonly #server: net.Server;
  /** Readers that come meanwhile get the document that is being made. */
  #making: Promise<unknown> | null = null;
  #inode: number | null = null;

  constructor(
    settings: UwsgiStatsConfig,
    parts: { readonly document: () => Promise<unknown>; readonly failed: (error: unknown) => void },
  ) {
    this.#settings = settings;
    this.#document = parts.document;
    this.#failed = parts.failed;
    this.#server = net.createServer((socket) => this.#accept(socket));
  }

  get address(): string {
    return this.#settings.address;
  }

  /** Binds and listens. Throws a PropylonError with a remedy. @param replace the Unix socket there is our own */
  async listen(replace: boolean): Promise<void> {
    const { host, port, path } = this.#settings;
    const spec = { ...this.#settings, unlink: true };
    if (path === null) return this.#listen({ port, exclusive: true, ...(host === "*" ? {} : { host }) });
    if (!replace) await refuseLiveSocket(spec, path);
    const temporary = `${dirname(path)}/.s${process.pid}`;
    rmSync(temporary, { force: true });
    await this.#listen({ path: temporary });
    this.#inode = placeUnixSocket(spec, temporary, path);
  }

  /** Goes on at the same address in another shape. */
  use(settings: UwsgiStatsConfig): void {
    this.#settings = settings;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const reader of this.#readers) reader.destroy();
    await closed;
    const { path } = this.#settings;
    // Another instance may have put its own socket there meanwhile.
    if (path !== null && lstatSync(path, { throwIfNoEntry: false })?.ino === this.#inode) rmSync(path, { force: true });
  }

  #listen(where: net.ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) =>
        reject(bindError({ ...this.#settings, unlink: true }, error.code ?? error.message)),
      );
      this.#server.listen(where, () => {
        this.#server.removeAllListeners("error");
        this.#server.on("error", this.#failed);
        resolve();
      });
    });
  }

  #accept(socket: net.Socket): void {
    if (this.#readers.size >= MOST) {
      socket.destroy();
      return;
    }
    this.#readers.add(socket);
    socket.once("close", () => this.#readers.delete(socket));
    socket.on("error", (error) => {
      if (!hasCode(error, "ECONNRESET") && !hasCode(error, "EPIPE")) this.#failed(error);
    });
    const timer = setTimeout(() => socket.destroy(), PATIENCE);
    socket.once("close", () => clearTimeout(timer));
    // Unread input would have the kernel reset the connection, and the reader lose its document.
    socket.resume();
    void this.#answer(socket);
  }

  async #answer(socket: net.Socket): Promise<void> {
    this.#making ??= this.#document().finally(() => {
      this.#making = null;
    });
    try {
      const { http, minified } = this.#settings;
      const text = JSON.stringify(await this.#making, null, minified ? undefined : "\t");
      socket.end(`${http ? HEAD : ""}${text}\n`);
    } catch (error) {
      this.#failed(error);
      socket.destroy();
    }
  }
}
