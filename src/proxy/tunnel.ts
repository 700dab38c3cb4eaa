import type { Duplex } from "node:stream";
import type { TunnelMetrics } from "../metrics/upstream-metrics.ts";
import type { ConnectionUser, UpstreamConnection } from "./connection.ts";

/** Milliseconds. */
export interface TunnelLimits {
  /** Without a byte either way. */
  readonly idle: number;
  /** In all; 0: no limit. */
  readonly lifetime: number;
}

/** A connection that has switched to another protocol (RFC 9110 §7.8): bytes go both ways, neither side faster than the other reads. */
export class Tunnel implements ConnectionUser {
  readonly #connection: UpstreamConnection;
  readonly #limits: TunnelLimits;
  readonly #metrics: TunnelMetrics;
  #lifetime: NodeJS.Timeout | null = null;
  readonly #ended: () => void;
  /** What the target said before the client's side was there. */
  #waiting: Buffer[];
  #client: Duplex | null = null;
  #over = false;

  /** `first`: what followed the 101. `ended` is called once. */
  constructor(
    connection: UpstreamConnection,
    first: Buffer[],
    limits: TunnelLimits,
    metrics: TunnelMetrics,
    ended: () => void,
  ) {
    this.#connection = connection;
    this.#waiting = first;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#ended = () => {
      if (this.#lifetime !== null) clearTimeout(this.#lifetime);
      metrics.open.value--;
      ended();
    };
    metrics.open.value++;
    metrics.opened.value++;
    for (const piece of first) metrics.received.value += piece.length;
  }

  /** The client's side has switched too. */
  attach(client: Duplex): void {
    if (this.#over) {
      client.destroy();
      return;
    }
    this.#client = client;
    if (this.#limits.lifetime > 0) this.#lifetime = setTimeout(() => this.ended(), this.#limits.lifetime);
    for (const piece of this.#waiting) client.write(piece);
    this.#waiting = [];
    client.on("data", (chunk: Buffer) => {
      this.#metrics.sent.value += chunk.length;
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
    this.#metrics.received.value += chunk.length;
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
    return this.#limits.idle;
  }

  overdue(): void {
    this.close();
  }
}
