import dgram from "node:dgram";
import net from "node:net";
import type { LogWriter } from "./log-writer.ts";

/** Messages given to the kernel and not taken yet, at most; more are dropped and counted. */
const WAITING = 1000;
/** Longest wait for the last messages, ms. */
const LAST_WAIT = 1000;

export interface DatagramWriterSpec {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly frame: (line: string, severity?: number) => string;
  readonly warn: (message: string) => void;
}

/** Sends each line as one UDP datagram (RFC 5426). What gets lost on the way is lost: that is what UDP is. */
export class DatagramWriter implements LogWriter {
  readonly #spec: DatagramWriterSpec;
  readonly #socket: dgram.Socket;
  #waiting = 0;
  #dropped = 0;
  #trouble = false;
  #stopped: (() => void) | null = null;

  constructor(spec: DatagramWriterSpec) {
    this.#spec = spec;
    this.#socket = dgram.createSocket({ type: net.isIPv6(spec.host) ? "udp6" : "udp4" });
    this.#socket.on("error", () => {}); // told by the callback of what was sent
  }

  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    this.#socket.unref();
  }

  write(line: string, severity?: number): void {
    if (this.#waiting >= WAITING) return this.#lost("it takes messages too slowly");
    const { host, port, frame } = this.#spec;
    this.#waiting++;
    this.#socket.send(Buffer.from(frame(line, severity), "latin1"), port, host, (error) => {
      this.#waiting--;
      if (error === null) this.#trouble = false;
      else this.#lost(error.message);
      if (this.#waiting === 0) this.#stopped?.();
    });
  }

  reopen(): void {}

  async stop(): Promise<void> {
    if (this.#waiting > 0)
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, LAST_WAIT);
        this.#stopped = () => {
          clearTimeout(late);
          resolve();
        };
      });
    this.#socket.close();
  }

  #lost(reason: string): void {
    this.#dropped++;
    if (!this.#trouble) this.#spec.warn(`${this.#spec.name}: ${reason}; messages are dropped`);
    this.#trouble = true;
  }
}
