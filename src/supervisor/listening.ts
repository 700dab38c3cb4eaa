import { lstatSync, rmSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
import { getSystemErrorName } from "node:util";
import { PropylonError } from "../base/errors.ts";
import { bindError, candidates, placeUnixSocket, refuseLiveSocket, type SocketSpec } from "./socket-address.ts";

/** Node's internal handle of a bound socket. */
interface BoundHandle {
  getsockname?(out: { address?: string; port?: number }): number;
  close(): void;
}

type CreateHandle = (address: string | null, port: number, family: number, fd?: number) => BoundHandle | number;

/** A socket that was opened, and maybe listened on, by whoever started us. */
export interface AdoptedSocket {
  readonly handle: unknown;
  /** Where it is bound; empty and 0 for a Unix socket. */
  readonly host: string;
  readonly port: number;
  close(): void;
}

export interface BindOptions {
  /** The Unix socket there is our own, and this one takes its place. */
  readonly replace?: boolean;
  /** Without bound handles ({@link handlesWork} says no): the plain way. */
  readonly plain?: boolean;
  /** Taken instead of binding one. */
  readonly adopted?: AdoptedSocket | null;
}

/**
 * A socket that main binds and an edge accepts on.
 *
 * Main never accepts: it only binds, and the edge that the handle is sent to listens. So the backlog outlives an edge (DESIGN §3).
 * The plain way, where Node can't give us such a handle: main listens, lends, and lets go; while one edge follows another,
 * clients are refused, and between both main drops whoever comes.
 */
export class ListeningSocket {
  readonly spec: SocketSpec;
  #port: number;
  /** Null while, in the plain way, an edge has it. */
  #bound: Bound | null;
  readonly #plain: boolean;

  private constructor(spec: SocketSpec, bound: Bound, plain: boolean) {
    this.spec = spec;
    this.#bound = bound;
    this.#port = bound.port;
    this.#plain = plain;
  }

  /** Binds. Throws a PropylonError with a remedy when the address is in use, not ours, or not permitted. */
  static async bind(spec: SocketSpec, options: BindOptions = {}): Promise<ListeningSocket> {
    const plain = options.plain === true;
    // Its path, if it has one, is not ours to remove: no inode is known of it.
    if (options.adopted) return new ListeningSocket(spec, { ...options.adopted, inode: null }, false);
    if (spec.path !== null && options.replace !== true) await refuseLiveSocket(spec, spec.path);
    return new ListeningSocket(spec, await bindTo(spec, spec.port, plain), plain);
  }

  /** The TCP port in use, also when 0 was asked for; 0 for a Unix socket. */
  get port(): number {
    return this.#port;
  }

  /** Where it can be reached, for people. */
  get url(): string {
    const { path, host } = this.spec;
    if (path !== null) return `unix:${path}`;
    const shown = host === "*" || host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
    return `http://${shown.includes(":") ? `[${shown}]` : shown}${this.#port === 80 ? "" : `:${this.#port}`}`;
  }

  /** Gives the handle to `send`, which resolves when the edge has it. */
  async lend<T>(send: (handle: unknown) => Promise<T>): Promise<T> {
    this.#bound ??= await bindTo(this.spec, this.#port, this.#plain);
    const bound = this.#bound;
    const result = await send(bound.handle);
    if (this.#plain) {
      this.#bound = null;
      bound.close();
    }
    return result;
  }

  close(): void {
    this.#bound?.close();
    const { path, unlink } = this.spec;
    if (path === null || !unlink || this.#bound === null) return;
    // Another instance may have put its own socket there meanwhile.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === this.#bound.inode) rmSync(path, { force: true });
    this.#bound = null;
  }
}

/**
 * Whether this Node makes bound handles that don't listen yet. `net._createServerHandle` is Node's own and undocumented; it is used
 * in this file alone and proven at each start.
 */
export function handlesWork(): boolean {
  const handle = createHandle("127.0.0.1", 0, 4);
  if (handle === null || typeof handle === "number") return false;
  const name: { port?: number } = {};
  const works = handle.getsockname?.(name) === 0 && (name.port ?? 0) > 0;
  handle.close();
  return works;
}

/** The socket at a descriptor; null when it is none that clients could connect to. */
export function adoptSocket(fd: number): AdoptedSocket | null {
  const create = (net as unknown as { readonly _createServerHandle?: CreateHandle })._createServerHandle;
  const handle = create?.(null, 0, 0, fd);
  if (handle === undefined || typeof handle === "number") return null;
  const name: { address?: string; port?: number } = {};
  handle.getsockname?.(name);
  return { handle, host: name.address ?? "", port: name.port ?? 0, close: () => handle.close() };
}

/** What is bound, by either way. */
interface Bound {
  /** What `child.send` takes. */
  readonly handle: unknown;
  readonly port: number;
  /** Of a Unix socket. */
  readonly inode: number | null;
  close(): void;
}

async function bindTo(spec: SocketSpec, port: number, plain: boolean): Promise<Bound> {
  if (spec.path !== null) {
    const temporary = `${dirname(spec.path)}/.p${process.pid}`;
    rmSync(temporary, { force: true });
    const bound = plain ? await listenPlainly(spec, { path: temporary }) : bindHandle(spec, temporary, -1, -1);
    try {
      return { ...bound, inode: placeUnixSocket(spec, temporary, spec.path) };
    } catch (error) {
      bound.close();
      throw error;
    }
  }
  const addresses = await candidates(spec);
  for (const [index, { address, family }] of addresses.entries()) {
    try {
      return plain ? await listenPlainly(spec, { host: address, port }) : bindHandle(spec, address, port, family);
    } catch (error) {
      // A machine without IPv6: every network is then 0.0.0.0.
      const code = (error as PropylonError).cause;
      if (index + 1 === addresses.length || !NO_IPV6.has(String(code))) throw error;
    }
  }
  throw bindError(spec, "EADDRNOTAVAIL");
}

const NO_IPV6 = new Set(["EAFNOSUPPORT", "EINVAL", "EADDRNOTAVAIL"]);

function bindHandle(spec: SocketSpec, address: string, port: number, family: number): Bound {
  const handle = createHandle(address, port, family);
  if (handle === null) throw new PropylonError("internal", `Node ${process.version} has no net._createServerHandle`);
  if (typeof handle === "number") throw bindError(spec, getSystemErrorName(handle));
  const name: { port?: number } = {};
  // libuv keeps "address in use" back until listen(2), which is the edge's; asking for the name shows it now.
  const status = family === -1 ? 0 : handle.getsockname!(name);
  if (status !== 0) {
    handle.close();
    throw bindError(spec, getSystemErrorName(status));
  }
  return { handle, port: name.port ?? 0, inode: null, close: () => handle.close() };
}

function listenPlainly(spec: SocketSpec, where: net.ListenOptions): Promise<Bound> {
  const server = net.createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(bindError(spec, error.code ?? error.message)));
    server.listen(where, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const { _handle: handle } = server as unknown as { readonly _handle: unknown };
      resolve({ handle, port, inode: null, close: () => server.close() });
    });
  });
}

function createHandle(address: string, port: number, family: number): BoundHandle | number | null {
  const create = (net as unknown as { readonly _createServerHandle?: CreateHandle })._createServerHandle;
  return create === undefined ? null : create(address, port, family);
}
