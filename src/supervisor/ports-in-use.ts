import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** `LISTEN` in /proc/net/tcp. */
const LISTEN = "0A";

/** Who listens on this TCP port, as far as /proc tells: `python3 (pid 123)`, or null. */
export function whoListens(port: number): string | null {
  try {
    const inodes = new Set(["tcp", "tcp6"].flatMap((table) => listeningInodes(table, port)));
    return inodes.size === 0 ? null : processWith(inodes);
  } catch {
    return null; // no /proc: the message does without
  }
}

/** Connections that wait to be accepted on this TCP port; 0 where /proc does not tell. */
export function waitingConnections(port: number): number {
  try {
    // Of a socket that listens, `rx` is the length of its queue (tcp_get_info of the kernel's tcp_ipv4.c).
    const queues = ["tcp", "tcp6"].flatMap((table) =>
      listening(table, port).map((fields) => fields[4]!.split(":")[1]!),
    );
    return queues.reduce((sum, queue) => sum + Number.parseInt(queue, 16), 0);
  } catch {
    return 0;
  }
}

function listeningInodes(table: string, port: number): string[] {
  return listening(table, port).map((fields) => fields[9]!);
}

// proc_pid_net(5): `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...`, the port in hex.
function listening(table: string, port: number): string[][] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readFileSync(`/proc/net/${table}`, "latin1")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(wanted) && fields[3] === LISTEN);
}

function processWith(inodes: ReadonlySet<string>): string | null {
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined && inodes.has(inode))
          return `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()} (pid ${pid})`;
      }
    } catch {
      // It has ended meanwhile, or is another user's.
    }
  }
  return null;
}
