import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, rmSync } from "node:fs";
import net from "node:net";

/** The connections of a forked worker: its control channel, what it prints, and one that only says, by its end, that main has ended. */
export type Strand = "control" | "out" | "err" | "life";

/** Longest wait for the first line of a connection, ms, and its longest size in bytes. */
const PATIENCE = 5000;
const LONGEST_GREETING = 256;

type Visit = (strand: Strand, socket: net.Socket) => void;

/**
 * Where workers that main did not start itself connect to it: a Unix socket that their user owns. The first line of each connection is
 * `KEY STRAND`; a key is good for who was given it, which main is told by a forerunner's trust and nothing else.
 */
export class WorkerDoor {
  readonly path: string;
  readonly #server: net.Server;
  readonly #visits = new Map<string, Visit>();

  private constructor(path: string, server: net.Server) {
    this.path = path;
    this.#server = server;
    server.on("connection", (socket) => this.#greet(socket));
    server.unref();
  }

  /** @param uid whose processes may connect */
  static async open(path: string, uid: number): Promise<WorkerDoor> {
    rmSync(path, { force: true });
    const server = net.createServer();
    const door = new WorkerDoor(path, server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    if (process.getuid!() === 0) chownSync(path, uid, -1);
    return door;
  }

  /** A key for one process; `visit` gets its connections, paused. */
  expect(visit: Visit): string {
    const key = randomBytes(16).toString("hex");
    this.#visits.set(key, visit);
    return key;
  }

  forget(key: string): void {
    this.#visits.delete(key);
  }

  close(): void {
    this.#server.close();
  }

  #greet(socket: net.Socket): void {
    const timer = setTimeout(() => socket.destroy(), PATIENCE);
    let text = Buffer.alloc(0);
    socket.on("error", () => {}); // its end says so
    const read = (chunk: Buffer): void => {
      text = Buffer.concat([text, chunk]);
      const end = text.indexOf(10);
      if (end < 0 && text.length <= LONGEST_GREETING) return;
      clearTimeout(timer);
      socket.off("data", read);
      socket.pause();
      const [key = "", strand = ""] = text.latin1Slice(0, Math.max(end, 0)).split(" ");
      const visit = this.#visits.get(key);
      if (visit === undefined || !isStrand(strand)) {
        socket.destroy();
        return;
      }
      if (text.length > end + 1) socket.unshift(text.subarray(end + 1));
      visit(strand, socket);
    };
    socket.on("data", read);
    socket.once("close", () => clearTimeout(timer));
  }
}

function isStrand(word: string): word is Strand {
  return word === "control" || word === "out" || word === "err" || word === "life";
}
