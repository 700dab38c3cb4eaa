import { readFileSync, readlinkSync } from "node:fs";
import { type AdoptedSocket, adoptSocket } from "./listening.ts";
import type { SocketSpec } from "./socket-address.ts";

/** The first descriptor that a service manager passes (sd_listen_fds(3)). */
const FIRST = 3;

interface Passed {
  readonly name: string;
  readonly where: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly socket: AdoptedSocket;
}

/** Sockets that a service manager has opened for us: a listener of the same address takes one instead of binding its own. */
export class PassedSockets {
  #left: readonly Passed[];

  private constructor(passed: readonly Passed[]) {
    this.#left = passed;
  }

  /** Takes the variables that concern it out of the environment; what can't be used is told in `warn`. */
  static take(environment: Record<string, string | undefined>, warn: (message: string) => void): PassedSockets {
    const { LISTEN_FDNAMES, LISTEN_FDS, LISTEN_PID } = environment;
    for (const name of ["LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID"]) delete environment[name];
    if (LISTEN_PID !== String(process.pid)) return new PassedSockets([]);
    const count = /^\d{1,4}$/.test(LISTEN_FDS ?? "") ? Number(LISTEN_FDS) : 0;
    const names = (LISTEN_FDNAMES ?? "").split(":");
    const passed = Array.from({ length: count }, (_, index): Passed | null => {
      const name = names[index] || `descriptor ${FIRST + index}`;
      const path = unixPath(FIRST + index);
      const socket = adoptSocket(FIRST + index);
      if (socket === null) {
        warn(`the socket ${name} that was passed to us is no listening stream socket`);
        return null;
      }
      const { host, port } = socket;
      return { name, where: path === null ? { host, port } : { path }, socket };
    });
    return new PassedSockets(passed.filter((one) => one !== null));
  }

  /** The socket of a listener, if it was passed; each is given once. */
  claim(spec: SocketSpec): AdoptedSocket | null {
    const found = this.#left.find(({ where }) => fits(spec, where));
    if (found === undefined) return null;
    this.#left = this.#left.filter((one) => one !== found);
    return found.socket;
  }

  /** Closes those that no listener has the address of, and returns their names and addresses. */
  closeRest(): readonly string[] {
    const rest = this.#left;
    this.#left = [];
    for (const { socket } of rest) socket.close();
    return rest.map(({ name, where }) => `${name} (${"path" in where ? where.path : `${where.host}:${where.port}`})`);
  }
}

/** Hosts that mean the same network: every network can be passed as IPv6's or IPv4's. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  "*": ["::", "0.0.0.0"],
  "0.0.0.0": ["::"],
  localhost: ["127.0.0.1", "::1"],
};

function fits(spec: SocketSpec, where: Passed["where"]): boolean {
  if ("path" in where) return spec.path === where.path;
  if (spec.path !== null || spec.port !== where.port) return false;
  return spec.host === where.host || (SAME[spec.host]?.includes(where.host) ?? false);
}

/** The path that a Unix socket is bound to (proc(5), /proc/net/unix); null for any other. */
function unixPath(fd: number): string | null {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
    const line = readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .find((text) => text.trim().split(/\s+/)[6] === inode);
    return line === undefined ? null : (/ (\/.*)$/.exec(line)?.[1] ?? null);
  } catch {
    return null; // no such descriptor, or no /proc
  }
}
