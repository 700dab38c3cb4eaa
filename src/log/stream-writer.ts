import type { Writable } from "node:stream";
import type { LogWriter } from "./log-writer.ts";

/** Bytes that wait for a receiver that takes none; what comes after is dropped and counted. */
const WAITING_BYTES = 4 * 1024 * 1024;
/** Lines leave together after so many bytes or ms. */
const PIECE_BYTES = 32 * 1024;
const FLUSH_DELAY = 100;
/** ms before a receiver that is away is tried again. */
const TRY_AGAIN = 1000;
/** Longest wait for the last lines, ms. */
const LAST_WAIT = 1000;

export interface StreamWriterSpec {
  /** As messages call it: `syslog tcp:192.0.2.1:514`. */
  readonly name: string;
  /** Opens a connection; `ready` is called when it stands. Its `error` and `close` events say that it does not. */
  readonly connect: (ready: () => void) => Writable;
  /** Sent first on each connection. */
  readonly greeting: string;
  readonly frame: (line: string, severity?: number) => string;
  readonly warn: (message: string) => void;
}

/** Sends lines over a connection that may break: what could not be sent waits, bounded, for the next one. */
export class StreamWriter implements LogWriter {
  readonly #spec: StreamWriterSpec;
  #stream: Writable | null = null;
  #ready = false;
  /** What waits, in pieces of whole lines; the first may be under way. */
  readonly #pieces: { text: string; lines: number }[] = [];
  #bytes = 0;
  #sending = false;
  #dropped = 0;
  #lost = 0;
  #trouble = false;
  #timer: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #stopped: (() => void) | null = null;

  constructor(spec: StreamWriterSpec) {
    this.#spec = spec;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** The receiver need not be there yet: a log never keeps a server from starting. */
  start(): void {
    this.#connect();
  }

  write(line: string, severity?: number): void {
    const text = this.#spec.frame(line, severity);
    if (this.#bytes + text.length > WAITING_BYTES) return this.#drop();
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.text.length < PIECE_BYTES && !(this.#sending && this.#pieces.length === 1)) {
      last.text += text;
      last.lines++;
    } else this.#pieces.push({ text, lines: 1 });
    this.#bytes += text.length;
    if (this.#bytes >= PIECE_BYTES) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), FLUSH_DELAY).unref();
  }

  reopen(): void {}

  async stop(): Promise<void> {
    this.#send();
    if (this.#pieces.length > 0)
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, LAST_WAIT);
        this.#stopped = () => {
          clearTimeout(late);
          resolve();
        };
      });
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { lines } of this.#pieces.splice(0)) this.#dropped += lines;
    const stream = this.#stream;
    this.#stream = null;
    if (stream !== null) await ended(stream);
  }

  #connect(): void {
    this.#retry = null;
    const stream = this.#spec.connect(() => {
      if (this.#stream !== stream) return;
      this.#ready = true;
      if (this.#spec.greeting !== "") stream.write(this.#spec.greeting, "latin1");
      this.#send();
    });
    this.#stream = stream;
    let reason = "the connection was closed";
    stream.on("error", (error: Error) => {
      reason = error.message;
    });
    stream.once("close", () => this.#broken(stream, reason));
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const [first] = this.#pieces;
    const stream = this.#stream;
    if (first === undefined || stream === null || !this.#ready || this.#sending) return;
    this.#sending = true;
    stream.write(first.text, "latin1", (error) => {
      if (this.#stream !== stream) return;
      this.#sending = false;
      if (error != null) return; // `close` follows, and the piece is sent on the next connection
      this.#pieces.shift();
      this.#bytes -= first.text.length;
      this.#recovered();
      if (this.#pieces.length > 0) this.#send();
      else this.#stopped?.();
    });
  }

  #broken(stream: Writable, reason: string): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#ready = false;
    this.#sending = false;
    if (!this.#trouble) this.#spec.warn(`${this.#spec.name}: ${reason}; lines wait in memory, then are dropped`);
    this.#trouble = true;
    this.#retry = setTimeout(() => this.#connect(), TRY_AGAIN).unref();
  }

  #recovered(): void {
    if (!this.#trouble) return;
    this.#trouble = false;
    this.#spec.warn(`${this.#spec.name}: it works again, ${this.#lost} lines were lost`);
    this.#lost = 0;
  }

  #drop(): void {
    this.#dropped++;
    this.#lost++;
    if (this.#trouble) return;
    this.#trouble = true;
    this.#spec.warn(`${this.#spec.name}: it takes lines too slowly; they are dropped`);
  }
}

function ended(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => stream.destroy(), LAST_WAIT);
    stream.once("close", () => {
      clearTimeout(late);
      resolve();
    });
    stream.end();
  });
}
