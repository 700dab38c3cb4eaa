import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { hasCode } from "../base/errors.ts";
import { LineSplitter } from "./lines.ts";

/** Longest message on a control channel, bytes: room for a traceback or the stacks of many lanes. */
export const LONGEST_MESSAGE = 1024 * 1024;
/** After its exit, wait so long for what it had written: a child of its own may hold the pipes open for ever. ms */
const LAST_WORDS = 250;

export interface ChildSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A line of its stdout or stderr. */
  readonly output: (stream: "stdout" | "stderr", line: string) => void;
  /** A line on its control channel. */
  readonly message: (line: string) => void;
}

/** How a process ended: one of these is not null, or none when nobody could tell (a worker whose forerunner ended before it). */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It could not be started. */
  readonly error: Error | null;
}

/**
 * A child process in a session (and so a process group) of its own, stdin closed, its output captured by line, with a control
 * channel on file descriptor 3: a stream socket, one JSON object a line.
 */
export class Child {
  readonly ended: Promise<Exit>;
  readonly #spec: ChildSpec;
  #process: ChildProcess | null = null;
  #control: Duplex | null = null;
  #over = false;
  #leavesGroup = false;
  #end!: (exit: Exit) => void;

  constructor(spec: ChildSpec) {
    this.#spec = spec;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  start(): void {
    const { command, args, directory, environment, message, output } = this.#spec;
    let child: ChildProcess;
    try {
      child = spawn(command, args, {
        cwd: directory,
        env: environment,
        detached: true,
        stdio: ["ignore", "pipe", "pipe", "pipe"],
      });
    } catch (error) {
      // Node throws for what it can tell before it tries, such as E2BIG.
      this.#end({ code: null, signal: null, error: error instanceof Error ? error : new Error(String(error)) });
      return;
    }
    this.#process = child;
    child.on("error", (error) => {
      if (child.pid === undefined) this.#end({ code: null, signal: null, error });
    });
    const control = child.stdio[3] as Duplex;
    this.#control = control;
    const flushes = [
      readLines(child.stdout!, (line) => output("stdout", line)),
      readLines(child.stderr!, (line) => output("stderr", line)),
      readLines(control, message, LONGEST_MESSAGE),
    ];
    child.once("exit", (code, signal) => this.#exited(child, { code, signal, error: null }, flushes));
  }

  /** Writes a message to the control channel; nothing when the process has ended. */
  send(message: Readonly<Record<string, unknown>>): void {
    if (this.#control?.writable) this.#control.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends a signal to the process and what it has started (its group). */
  signal(name: NodeJS.Signals): void {
    const pid = this.pid;
    if (pid !== null && !this.#over) signalGroup(pid, name);
  }

  /** What it leaves behind in its group is not ended with it. */
  leaveGroup(): void {
    this.#leavesGroup = true;
  }

  #exited(child: ChildProcess, exit: Exit, flushes: readonly (() => void)[]): void {
    this.#over = true;
    // What it leaves behind in its group is told to end with it.
    if (child.pid !== undefined && !this.#leavesGroup) signalGroup(child.pid, "SIGTERM");
    const done = (): void => {
      clearTimeout(timer);
      child.off("close", done);
      for (const flush of flushes) flush();
      // Whoever still holds the other ends is read on, and does not keep us from ending.
      for (const pipe of [child.stdout, child.stderr]) (pipe as Socket).unref();
      this.#control?.destroy();
      this.#end(exit);
    };
    const timer = setTimeout(done, LAST_WORDS);
    child.once("close", done);
  }
}

/** `exited with code 3`, `was killed by SIGKILL`, `could not be started: ...`. */
export function describeExit(exit: Exit): string {
  if (exit.error !== null) return `could not be started: ${exit.error.message}`;
  if (exit.code === null && exit.signal === null) return "ended, nobody knows how: its forerunner had ended before it";
  return exit.signal === null ? `exited with code ${exit.code}` : `was killed by ${exit.signal}`;
}

/** Gives each line of a stream; returns what gives the last one, when the stream's end does not come. */
export function readLines(stream: NodeJS.ReadableStream, line: (text: string) => void, longest?: number): () => void {
  const splitter = new LineSplitter(line, longest);
  stream.on("data", (chunk: Buffer) => splitter.push(chunk));
  stream.on("end", () => splitter.end());
  stream.on("error", () => {}); // EPIPE, ECONNRESET: it has ended, and "exit" says so
  return () => splitter.end();
}

/** Signals all of a process group that we may signal; false when none is left. */
export function signalGroup(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, name);
  } catch (error) {
    // None left; or what is left has become another user's, and is not ours to end.
    if (!hasCode(error, "ESRCH") && !hasCode(error, "EPERM")) throw error;
    return false;
  }
}
