import fs from "node:fs";
import net from "node:net";
import tls from "node:tls";
import { type Swept, startSweeping, stopSweeping } from "../http/sweeper.ts";
import { bytesTaken } from "../http/write-progress.ts";
import type { Destination } from "./destination.ts";

/**
 * Every read of a plain connection goes to this one buffer: what is read is parsed or copied before the next read of whichever
 * socket, so no read allocates. Its size is measured: an answer of 64 KB comes in one read, for a third less CPU than with 64 KB.
 */
const READ = Buffer.allocUnsafeSlow(256 * 1024);

/** Who uses a connection at present: one try of one exchange, or the pool while it is idle. */
export interface ConnectionUser {
  connected(): void;
  /** The memory is reused after the call returns. */
  received(chunk: Buffer): void;
  /** What was written has gone to the kernel. */
  drained(): void;
  /** The target has closed its side; nothing more will be received. */
  ended(): void;
  /** The connection is gone. `error`: why, or null. */
  lost(error: Error | null): void;
  /** Milliseconds without any progress before `overdue` is called; 0: none. */
  patience(): number;
  overdue(): void;
}

/** How much one connection is used; 0: no limit. */
export interface KeepLimits {
  readonly keepaliveRequests: number;
  /** Milliseconds. */
  readonly keepaliveTime: number;
}

/** One connection to a target. Construct, set `user`, `start`; it ends by `close`, or by itself (`lost`). */
export class UpstreamConnection implements Swept {
  readonly destination: Destination;
  user: ConnectionUser | null = null;
  /** `performance.now()` when it became idle. */
  idleSince = 0;
  /** Requests that it has carried. */
  requests = 0;
  readonly #sessions: Map<string, Buffer>;
  #socket: net.Socket | null = null;
  #secure = false;
  #began = 0;
  #gone = false;
  #error: Error | null = null;
  // Progress, as the last look saw it.
  #seen = -1;
  #since = 0;

  /** `sessions`: TLS sessions of the target by the destination's key, for the next connection. */
  constructor(destination: Destination, sessions: Map<string, Buffer>) {
    this.destination = destination;
    this.#sessions = sessions;
  }

  start(): void {
    this.#began = performance.now();
    const { address, secure } = this.destination;
    const to: net.NetConnectOpts =
      address.path === null ? { host: address.host, port: address.port } : { path: address.path };
    this.#secure = secure !== null;
    const socket = secure === null ? this.#plain(to) : this.#tls(to, secure());
    this.#socket = socket;
    socket.once(this.#secure ? "secureConnect" : "connect", () => {
      if (address.path === null) socket.setNoDelay(true);
      this.restart();
      this.user?.connected();
    });
    socket.on("drain", () => this.user?.drained());
    socket.on("end", () => this.user?.ended());
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => this.#closed());
    startSweeping(this);
  }

  /** False: wait for `drained`. */
  write(data: Buffer | string): boolean {
    return typeof data === "string" ? this.#socket!.write(data, "latin1") : this.#socket!.write(data);
  }

  /** The same for a piece of a body: a target that breaks off meanwhile may have answered, and is heard first. */
  writeBody(data: Buffer): boolean {
    return this.#socket!.write(data, this.#written);
  }

  /** What is written until `uncork` leaves in one system call. */
  cork(): void {
    this.#socket!.cork();
  }

  uncork(): void {
    this.#socket!.uncork();
  }

  /** Closes our side once what was written has left; the target's can go on. */
  end(): void {
    this.#socket!.end();
  }

  pause(): void {
    this.#socket!.pause();
  }

  resume(): void {
    if (!this.#gone) this.#socket!.resume();
  }

  /** Bytes that wait to be sent. */
  get unsent(): number {
    return this.#socket!.writableLength;
  }

  /** Bytes in all, both ways. */
  get moved(): { readonly sent: number; readonly received: number } {
    return { sent: this.#socket?.bytesWritten ?? 0, received: this.#socket?.bytesRead ?? 0 };
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** It has carried what one connection may, or has been there for long enough. */
  isWorn({ keepaliveRequests: most, keepaliveTime: longest }: KeepLimits, now: number): boolean {
    return (most > 0 && this.requests >= most) || (longest > 0 && now - this.#began >= longest);
  }

  /** Patience begins anew. */
  restart(): void {
    this.#seen = -1;
  }

  /** Ends it now; the user is told nothing. */
  close(): void {
    this.user = null;
    this.#gone = true;
    this.#socket?.destroy();
  }

  tick(now: number): void {
    const limit = this.user?.patience() ?? 0;
    const socket = this.#socket!;
    const seen = socket.bytesRead + bytesTaken(socket);
    if (seen !== this.#seen || limit === 0) {
      this.#seen = limit === 0 ? -1 : seen;
      this.#since = now;
    } else if (now - this.#since >= limit) {
      this.#since = now;
      this.user!.overdue();
    }
  }

  // --- internal ---

  readonly #written = (error?: Error | null): void => {
    if (error != null && !this.#secure) this.#readRest();
  };

  /**
   * A failed write makes Node close the socket, with an answer perhaps unread in the kernel: a target that refuses a large body
   * answers and closes, and its reset overtakes us. At this moment the descriptor is still open, so what is there is read.
   */
  #readRest(): void {
    const fd = (this.#socket as { _handle?: { fd?: unknown } | null } | null)?._handle?.fd;
    if (typeof fd !== "number" || fd < 0) return;
    for (let size = readNow(fd); size > 0 && this.user !== null; size = readNow(fd))
      this.user.received(READ.subarray(0, size));
  }

  #plain(to: net.NetConnectOpts): net.Socket {
    const callback = (size: number): boolean => {
      this.user?.received(READ.subarray(0, size));
      return true;
    };
    return net.connect({ ...to, onread: { buffer: READ, callback } } as net.NetConnectOpts);
  }

  #tls(to: net.NetConnectOpts, secure: tls.ConnectionOptions): net.Socket {
    const { key } = this.destination;
    const session = this.#sessions.get(key);
    const socket = tls.connect({ ...to, ...secure, ...(session !== undefined && { session }) });
    socket.on("session", (fresh) => {
      this.#sessions.set(key, fresh);
    });
    socket.on("data", (chunk: Buffer) => this.user?.received(chunk));
    return socket;
  }

  #closed(): void {
    stopSweeping(this);
    this.#gone = true;
    const user = this.user;
    this.user = null;
    user?.lost(this.#error);
  }
}

/** Bytes read into `READ`; 0 where there is nothing more, or only a reset. */
function readNow(fd: number): number {
  try {
    return fs.readSync(fd, READ);
  } catch {
    return 0;
  }
}
