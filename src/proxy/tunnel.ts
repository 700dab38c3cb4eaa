import type { Duplex } from "node:stream";
import type { ConnectionUser, UpstreamConnection } from "./connection.ts";

/** A connection that has switched to another protocol (RFC 9110 §7.8): bytes go both ways, neither side faster than the other reads. */
export class Tunnel implements ConnectionUser {
  readonly #connection: UpstreamConnection;
  /** Milliseconds without a byte either way. */
  readonly #readTimeout: number;
  readonly #ended: () => void;
  /** What the target said before the client's side was there. */
  #waiting: Buffer[];
  #client: Duplex | null = null;
  #over = false;

  /** `first`: what followed the 101. `ended` is called once. */
  constructor(connection: UpstreamConnection, first: Buffer[], readTimeout: number, ended: () => void) {
    this.#connection = connection;
    this.#waiting = first;
    this.#readTimeout = readTimeout;
    this.#ended = ended;
  }

  /** The client's side has switched too. */
  attach(client: Duplex): void {
    if (this.#over) {
      client.destroy();
      return;
    }
    this.#client = client;
    for (const piece of this.#waiting) client.write(piece);
    this.#waiting = [];
    client.on("data", (chunk: Buffer) => {
      if (!this.#connection.gone && !this.#connection.write(chunk)) client.pause();
    });
    client.on("drain", () => this.#connection.resume());
    client.on("end", () => {
      if (!this.#over) this.#connection.end();
    });
    client.on("error", () => this.close());
    client.on("close", () => this.close());
    client.resume();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.close();
    this.#client?.destroy();
    this.#ended();
  }

  // --- the target's side ---

  connected(): void {}

  received(chunk: Buffer): void {
    const piece = Buffer.from(chunk);
    if (this.#client === null) this.#waiting.push(piece);
    else if (!this.#client.write(piece)) this.#connection.pause();
  }

  drained(): void {
    this.#client?.resume();
  }

  ended(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.close();
    // What is on its way to the client is still delivered.
    this.#client?.end();
    this.#ended();
  }

  lost(error: Error | null): void {
    if (error === null) this.ended();
    else this.close();
  }

  patience(): number {
    return this.#readTimeout;
  }

  overdue(): void {
    this.close();
  }
}
