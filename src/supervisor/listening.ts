import { lookup } from "node:dns/promises";
import { chmodSync, chownSync, lstatSync, renameSync, rmSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
import { getSystemErrorName } from "node:util";
import { hasCode, PropylonError } from "../base/errors.ts";
import { accountOf } from "../process/accounts.ts";
import { whoListens } from "./ports-in-use.ts";

/** What to listen on; a ListenerConfig is one. */
export interface SocketSpec {
  /** As people write it, for messages. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Absolute path of a Unix socket, or null for TCP. */
  readonly path: string | null;
  readonly mode: number;
  readonly owner: string | null;
  readonly group: string | null;
  /** Remove the Unix socket when it is closed. */
  readonly unlink: boolean;
}

/** Node's internal handle of a bound socket. */
interface BoundHandle {
  getsockname?(out: { address?: string; port?: number }): number;
  close(): void;
}

type CreateHandle = (address: string, port: number, family: number) => BoundHandle | number;

/**
 * A socket that main has bound and an edge accepts on. Main never accepts: the handle is only bound here, and listened on by the edge
 * that it is sent to. So the backlog outlives an edge (DESIGN §3).
 */
export class ListeningSocket {
  readonly spec: SocketSpec;
  /** The TCP port in use, also when 0 was asked for; 0 for a Unix socket. */
  readonly port: number;
  readonly #handle: BoundHandle;
  readonly #inode: number | null;

  private constructor(spec: SocketSpec, handle: BoundHandle, port: number, inode: number | null) {
    this.spec = spec;
    this.#handle = handle;
    this.port = port;
    this.#inode = inode;
  }

  /**
   * Binds. Throws a PropylonError with a remedy when the address is in use, not ours, or not permitted.
   *
   * @param replace the Unix socket there is our own, and this one takes its place
   */
  static async bind(spec: SocketSpec, replace = false): Promise<ListeningSocket> {
    if (spec.path === null) return ListeningSocket.#bindTcp(spec);
    if (!replace) await refuseLiveSocket(spec, spec.path);
    return ListeningSocket.#bindUnix(spec, spec.path);
  }

  /** What to send to an edge beside a message. */
  get handle(): BoundHandle {
    return this.#handle;
  }

  /** Where it can be reached, for people. */
  get url(): string {
    const { path, host } = this.spec;
    if (path !== null) return `unix:${path}`;
    const shown = host === "*" || host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
    return `http://${shown.includes(":") ? `[${shown}]` : shown}${this.port === 80 ? "" : `:${this.port}`}`;
  }

  close(): void {
    this.#handle.close();
    const { path, unlink } = this.spec;
    if (path === null || !unlink) return;
    // Another instance may have put its own socket there meanwhile.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === this.#inode) rmSync(path, { force: true });
  }

  static async #bindTcp(spec: SocketSpec): Promise<ListeningSocket> {
    for (const { address, family } of await candidates(spec)) {
      const handle = createHandle(address, spec.port, family);
      if (typeof handle === "number") {
        const code = getSystemErrorName(handle);
        // A machine without IPv6: every network is then 0.0.0.0.
        if (
          spec.host === "*" &&
          family === 6 &&
          (code === "EAFNOSUPPORT" || code === "EINVAL" || code === "EADDRNOTAVAIL")
        )
          continue;
        throw bindError(spec, code);
      }
      const name: { port?: number } = {};
      // libuv keeps "address in use" back until listen(2), which is the edge's; asking for the name shows it now.
      const status = handle.getsockname!(name);
      if (status !== 0) {
        handle.close();
        throw bindError(spec, getSystemErrorName(status));
      }
      return new ListeningSocket(spec, handle, name.port ?? spec.port, null);
    }
    throw bindError(spec, "EADDRNOTAVAIL");
  }

  // Bound under a name of ours and then renamed: with its mode and owner from the first moment that it can be seen, and libuv, which
  // removes a socket's file when it closes it, leaves ours alone.
  static #bindUnix(spec: SocketSpec, path: string): ListeningSocket {
    const temporary = `${dirname(path)}/.p${process.pid}`;
    rmSync(temporary, { force: true });
    const handle = createHandle(temporary, -1, -1);
    if (typeof handle === "number") throw bindError(spec, getSystemErrorName(handle));
    try {
      chmodSync(temporary, spec.mode);
      if (spec.owner !== null || spec.group !== null) {
        const { uid, gid } = accountOf(spec.owner, spec.group);
        chownSync(temporary, uid, gid);
      }
      const inode = lstatSync(temporary).ino;
      renameSync(temporary, path);
      return new ListeningSocket(spec, handle, 0, inode);
    } catch (error) {
      handle.close();
      rmSync(temporary, { force: true });
      if (error instanceof PropylonError) throw error;
      throw bindError(spec, hasCode(error, "EPERM") ? "EPERM" : String(error));
    }
  }
}

/**
 * Throws when this Node can't make a bound handle without listening on it: `net._createServerHandle` is Node's own, undocumented; used
 * here alone and proven at each start. There is no public way to it, and without it every restart of an edge would refuse clients.
 */
export function proveHandles(): void {
  const handle = createHandle("127.0.0.1", 0, 4);
  const name: { port?: number } = {};
  const works = typeof handle === "object" && handle.getsockname?.(name) === 0 && (name.port ?? 0) > 0;
  if (typeof handle === "object") handle.close();
  if (!works) {
    throw new PropylonError("internal", `Node ${process.version} can't make listening handles as we need them`, {
      remedy: "run propylon with the Node that its checkout brings",
    });
  }
}

function createHandle(address: string, port: number, family: number): BoundHandle | number {
  const create = (net as unknown as { _createServerHandle?: CreateHandle })._createServerHandle;
  if (create === undefined)
    throw new PropylonError("internal", `Node ${process.version} has no net._createServerHandle`);
  return create(address, port, family);
}

async function candidates({ host, address }: SocketSpec): Promise<readonly { address: string; family: number }[]> {
  if (host === "*") {
    return [
      { address: "::", family: 6 },
      { address: "0.0.0.0", family: 4 },
    ];
  }
  const family = net.isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return [await lookup(host)];
  } catch (cause) {
    throw new PropylonError("user", `Cannot listen on ${address}: no address is known for "${host}"`, {
      cause,
      remedy: "name an address of this machine, or * for every network",
    });
  }
}

/** A socket file that no process listens on any more is removed; one that answers is someone's. */
async function refuseLiveSocket(spec: SocketSpec, path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new PropylonError("user", `Cannot listen on ${spec.address}: there is a file that is no socket`, {
      remedy: "remove it, or choose another path",
    });
  }
  const code = await connectError(path);
  if (code === "ECONNREFUSED" || code === "ENOENT") return; // stale: renaming replaces it
  throw bindError(spec, code === null ? "EADDRINUSE" : code);
}

function connectError(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function bindError(spec: SocketSpec, code: string): PropylonError {
  const said = (why: string, remedy: string): PropylonError =>
    new PropylonError("user", `Cannot listen on ${spec.address}: ${why}`, { remedy });
  switch (code) {
    case "EADDRINUSE": {
      const who = spec.path === null ? whoListens(spec.port) : null;
      return said(
        who === null ? "it is in use" : `it is in use by ${who}`,
        "stop that process, or choose another address",
      );
    }
    case "EACCES":
      return spec.path === null
        ? said("not permitted", "choose a port of 1024 or above, or start as root")
        : said(`not permitted in ${dirname(spec.path)}`, "choose a folder that we may write to");
    case "EPERM":
      return said("only root can give it to another owner", "start as root, or leave out owner and group");
    case "EADDRNOTAVAIL":
      return said(`${spec.host} is no address of this machine`, "name one of its own, or * for every network");
    case "ENOENT":
      return said(`there is no folder ${dirname(spec.path ?? "")}`, "make it");
    default:
      return said(code, "choose another address");
  }
}
