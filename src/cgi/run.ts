import { type ChildProcessByStdio, spawn } from "node:child_process";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import type { SpooledBody } from "../spool/spooled-body.ts";
import type { Script } from "./script.ts";

/** From the first signal to the one that nothing survives, ms. */
const GRACE = 2000;
const PIECE = 64 * 1024;
/** Bytes of one line of error output; what is longer is cut into several. */
const LONGEST_LINE = 8 * 1024;

export interface RunEvents {
  /** A piece of the output; false: no more until `resume`. */
  output(piece: Buffer): void;
  /** A line of error output. */
  said(line: string): void;
  /** The output is complete. */
  ended(): void;
  /** The process has ended, and everything of it. `problem`: why it could not start, or how it failed. */
  exited(problem: string | null): void;
}

/** One process of a script, the leader of a group of its own: where it is ended early, what it has started is too. */
export class CgiRun {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #events: RunEvents;
  #killer: NodeJS.Timeout | null = null;
  #exited = false;
  #line = "";

  /** Throws where the process can't even be tried (an environment that is too large). */
  constructor({ file, helper }: Script, environment: NodeJS.ProcessEnv, body: SpooledBody | null, events: RunEvents) {
    this.#events = events;
    const [command, ...words] = [...helper, file];
    this.#child = spawn(command!, words, {
      cwd: path.dirname(file),
      env: environment,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    running.add(this);
    this.#child.on("error", (error) => this.#end(error.message));
    this.#child.on("close", (code, signal) =>
      this.#end(signal !== null ? `ended by ${signal}` : code === 0 ? null : `ended with status ${code}`),
    );
    this.#child.stdin.on("error", () => {}); // a script need not read its body (RFC 3875 §4.2)
    this.#child.stdout.on("data", (piece: Buffer) => events.output(piece));
    this.#child.stdout.on("end", () => events.ended());
    this.#child.stderr.on("data", (piece: Buffer) => this.#read(piece));
    if (body === null) this.#child.stdin.end();
    else this.#feed(body);
  }

  pause(): void {
    this.#child.stdout.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
  }

  /** Ends the process and what it started: first asked, then killed. */
  stop(): void {
    if (this.#exited || this.#killer !== null) return;
    this.signal("SIGTERM");
    this.#killer = setTimeout(() => {
      this.signal("SIGKILL");
      // Something that left the group may still hold them.
      this.#child.stdout.destroy();
      this.#child.stderr.destroy();
    }, GRACE);
    // Nobody reads its output any more.
    this.#child.stdout.resume();
  }

  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group has ended.
    }
  }

  #feed(body: SpooledBody): void {
    const { stdin } = this.#child;
    body.next(PIECE, (piece) => {
      if (stdin.destroyed) return;
      if (piece.length === 0) stdin.end();
      else if (stdin.write(piece)) setImmediate(() => this.#feed(body));
      else stdin.once("drain", () => this.#feed(body));
    });
  }

  #read(piece: Buffer): void {
    const lines = (this.#line + piece.latin1Slice()).split("\n");
    this.#line = lines.pop()!;
    for (const line of lines) this.#said(line.slice(0, LONGEST_LINE));
    if (this.#line.length < LONGEST_LINE) return;
    this.#said(this.#line);
    this.#line = "";
  }

  /** `line`: one character a byte. */
  #said(line: string): void {
    this.#events.said(Buffer.from(line, "latin1").toString());
  }

  #end(problem: string | null): void {
    if (this.#exited) return;
    this.#exited = true;
    running.delete(this);
    if (this.#killer !== null) {
      clearTimeout(this.#killer);
      this.signal("SIGKILL");
    }
    if (this.#line !== "") this.#said(this.#line);
    this.#events.exited(problem);
  }
}

const running = new Set<CgiRun>();
process.on("exit", () => {
  for (const run of running) run.signal("SIGKILL");
});
