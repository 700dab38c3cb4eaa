import { lookup } from "node:dns/promises";
import { chmodSync, chownSync, existsSync, lstatSync, renameSync, rmSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
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

/** The numeric addresses to try, in this order. */
export async function candidates({
  host,
  address,
}: SocketSpec): Promise<readonly { address: string; family: number }[]> {
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
export async function refuseLiveSocket(spec: SocketSpec, path: string): Promise<void> {
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

/**
 * Gives a socket bound at `temporary` its mode and owner and then its name: so it has them from the first moment that it can be
 * seen, and libuv, which removes a socket's file when it closes it, leaves ours alone. Returns the inode.
 */
export function placeUnixSocket(spec: SocketSpec, temporary: string, path: string): number {
  try {
    chmodSync(temporary, spec.mode);
    if (spec.owner !== null || spec.group !== null) {
      const { uid, gid } = accountOf(spec.owner, spec.group);
      chownSync(temporary, uid, gid);
    }
    const inode = lstatSync(temporary).ino;
    renameSync(temporary, path);
    return inode;
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof PropylonError) throw error;
    throw bindError(spec, hasCode(error, "EPERM") ? "EPERM" : String(error));
  }
}

/** Why an address can't be had, from the error's code, with the remedy. */
export function bindError(spec: SocketSpec, code: string): PropylonError {
  const said = (why: string, remedy: string): PropylonError =>
    new PropylonError("user", `Cannot listen on ${spec.address}: ${why}`, { remedy, cause: code });
  // libuv tells EACCES for a Unix socket whose folder is missing, as Windows does.
  const missing = code === "EACCES" && spec.path !== null && !existsSync(dirname(spec.path));
  switch (missing ? "ENOENT" : code) {
    case "EADDRINUSE": {
      const who = spec.path === null ? whoListens(spec.port) : null;
      return said(
        who === null ? "it is in use" : `it is in use by ${who}`,
        "stop that process, or choose another address",
      );
    }
    case "EACCES":
      return spec.path === null
        ? said(
            "not permitted",
            "choose a port of 1024 or above, start as root, or run foreign files with --port-offset 8000",
          )
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
