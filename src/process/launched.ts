import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { hasCode } from "../base/errors.ts";
import { type Exit, signalGroup } from "./child.ts";
import { type LaunchSettings, launcherCommand } from "./launcher.ts";
import { LineSplitter } from "./lines.ts";
import type { StartGate } from "./start-gate.ts";

/** After its exit, wait so long for what it had written: a child of its own may hold the pipes open for ever. ms */
const LAST_WORDS = 250;
/** Longest wait for what is left of a group after KILL, ms: the dead that nobody has collected are still in it. */
const AFTER_KILL = 200;
/** How often to look whether a group has gone, ms. */
const LOOK_AGAIN = 10;

/** Takes bytes as they come. */
export interface ByteSink {
  /** A promise: write no more until it has come true. The chunk is the sink's from now on. */
  write(chunk: Buffer): Promise<void> | null;
}

export interface LaunchedSpec {
  /** Interpreter for the launcher. */
  readonly python: string;
  readonly settings: Omit<LaunchSettings, "output" | "announce">;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Null: discarded; `stdout`: where that goes. */
  readonly stdout: ByteSink | null;
  readonly stderr: ByteSink | "stdout" | null;
  /** Absolute path that names of pipes begin with; nothing has such a name. */
  readonly pipes: string;
  /** Its group is signalled instead of it, and ended when it has ended. */
  readonly group: boolean;
  /** Its turn to start. */
  readonly gate: StartGate;
  /** What asks the rest of its group to end, and ms between that and KILL. */
  readonly rest: { readonly signal: NodeJS.Signals; readonly grace: number };
}

/** Why a command could not be run. */
export interface LaunchFailure {
  readonly reason: string;
  readonly remedy: string | null;
}

export interface LaunchedExit extends Exit {
  readonly failure: LaunchFailure | null;
}

/**
 * A command that runs through the launcher, in a session of its own, stdin empty, its output read from real pipes (what `/dev/stdout`
 * needs) byte for byte.
 */
export class Launched {
  /** Resolves when the command itself runs; stays pending when it never does. */
  readonly running: Promise<void>;
  /** Resolves when it, and its group where that counts, has ended. */
  readonly ended: Promise<LaunchedExit>;
  readonly #spec: LaunchedSpec;
  readonly #pipes: Socket[] = [];
  #process: ChildProcess | null = null;
  #failure: LaunchFailure | null = null;
  /** Resolves when the launcher has said all that it has to say: it is gone, or has become the command. */
  #heard: Promise<void> = Promise.resolve();
  #said = false;
  #exited = false;
  #groupGone = false;
  #asked = false;
  #run!: () => void;
  #end!: (exit: LaunchedExit) => void;

  constructor(spec: LaunchedSpec) {
    this.#spec = spec;
    this.running = new Promise((resolve) => {
      this.#run = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Null before the start, and when there could be none. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  start(): void {
    this.#spec.gate.pass(() => {
      // Somebody may have asked for its end while it waited.
      if (this.#asked) this.#end({ code: null, signal: null, error: null, failure: null });
      else this.#spawn();
      return { left: Promise.race([this.running, this.ended]) };
    });
  }

  #spawn(): void {
    const { python, settings, command, environment } = this.#spec;
    const [program, ...args] = launcherCommand(
      python,
      { ...settings, output: this.#outputs(), announce: true },
      command,
    );
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        cwd: "/",
        env: environment,
        detached: true,
        stdio: ["ignore", "ignore", "ignore", "pipe"],
      });
    } catch (error) {
      // Node throws for what it can tell before it tries, such as E2BIG.
      const { message } = error as Error;
      return this.#end({ code: null, signal: null, error: error as Error, failure: { reason: message, remedy: null } });
    }
    this.#process = child;
    child.once("error", (error) => {
      if (child.pid !== undefined) return;
      const remedy = hasCode(error, "ENOENT") ? "install Python 3.8 or newer: programs are started through it" : null;
      const failure = { reason: `cannot run ${python}: ${error.message}`, remedy };
      this.#end({ code: null, signal: null, error, failure });
    });
    // Without a process there may be no streams either (EMFILE).
    if (child.pid !== undefined) this.#listen(child.stdio[3] as Duplex);
    child.once("exit", (code, signal) => void this.#finish({ code, signal, error: null }));
  }

  /** Signals the process or, where that counts, its group. */
  signal(name: NodeJS.Signals): void {
    this.#asked = true;
    const pid = this.pid;
    if (pid === null) return;
    if (this.#spec.group) {
      if (!this.#groupGone) signalGroup(pid, name);
    } else this.signalProcess(name);
  }

  /** Signals the process alone; false when it has ended. */
  signalProcess(name: NodeJS.Signals | number): boolean {
    return !this.#exited && this.#process?.kill(name) === true;
  }

  #outputs(): Readonly<Record<string, string>> {
    const { stdout, stderr, pipes } = this.#spec;
    return {
      ...(stdout === null ? {} : { 1: `${pipes}.out` }),
      ...(stderr === null ? {} : { 2: stderr === "stdout" ? "1" : `${pipes}.err` }),
    };
  }

  #listen(control: Duplex): void {
    const lines = new LineSplitter((line) => this.#hear(line));
    control.on("data", (chunk: Buffer) => lines.push(chunk));
    control.on("error", () => {}); // it has ended, and "exit" says so
    this.#heard = new Promise((resolve) => {
      control.once("close", () => {
        lines.end();
        // Closed by the exec that went well.
        if (this.#said && this.#failure === null) this.#run();
        this.#read();
        resolve();
      });
    });
  }

  #hear(line: string): void {
    const message = JSON.parse(line) as {
      readonly pipes?: string;
      readonly running?: boolean;
      readonly failed?: { readonly reason: string; readonly remedy: string };
    };
    if (message.pipes !== undefined) this.#openOrGiveUp(message.pipes);
    if (message.running === true) this.#said = true;
    if (message.failed !== undefined)
      this.#failure = { reason: message.failed.reason, remedy: message.failed.remedy || null };
  }

  #openOrGiveUp(number: string): void {
    try {
      this.#open(number);
    } catch (error) {
      this.#failure ??= { reason: `cannot read its output: ${(error as Error).message}`, remedy: null };
      this.signalProcess("SIGKILL"); // it would wait for a reader for ever
    }
  }

  // The launcher waits for a reader.
  #open(number: string): void {
    const path = this.#outputs()[number]!;
    const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const { stdout, stderr } = this.#spec;
    const sink = number === "1" ? stdout : stderr;
    const pipe = new Socket({ fd, readable: true, writable: false });
    pipe.pause();
    pipe.on("error", () => {});
    pipe.on("data", (chunk: Buffer) => {
      // Node gives the memory of a chunk to the next one.
      const room = (sink as ByteSink).write(Buffer.from(chunk));
      if (room === null) return;
      pipe.pause();
      void room.then(() => pipe.resume());
    });
    this.#pipes.push(pipe);
  }

  // Not before there is a writer: until then the pipe would seem to have ended.
  #read(): void {
    for (const path of Object.values(this.#outputs())) if (path !== "1") fs.rmSync(path, { force: true });
    for (const pipe of this.#pipes) pipe.resume();
  }

  async #finish(exit: Exit): Promise<void> {
    this.#exited = true;
    if (this.#spec.group) await this.#endGroup();
    // A quick command can have ended before the news that it ran is read; nobody else holds that descriptor.
    await this.#heard;
    const closed = this.#pipes.map((pipe) =>
      pipe.closed ? null : new Promise<void>((resolve) => pipe.once("close", () => resolve())),
    );
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_WORDS);
    });
    await Promise.race([Promise.all(closed), patience]);
    clearTimeout(timer);
    // Whoever still holds the other ends is read on, and does not keep us from ending.
    for (const pipe of this.#pipes) pipe.unref();
    const early = this.#said || this.#failure !== null || this.#asked;
    const failure = early
      ? this.#failure
      : { reason: `the launcher ended too early (${this.#spec.python})`, remedy: null };
    this.#end({ ...exit, failure });
  }

  /** What is left of the group is asked to end, unless it was already, and killed when it takes too long. */
  async #endGroup(): Promise<void> {
    const pid = this.pid!;
    const { signal, grace } = this.#spec.rest;
    if (!this.#asked && signalGroup(pid, 0)) signalGroup(pid, signal);
    const killAt = performance.now() + grace;
    let killed = false;
    while (signalGroup(pid, 0)) {
      const now = performance.now();
      if (now >= killAt + AFTER_KILL) break;
      if (now >= killAt && !killed) {
        killed = true;
        signalGroup(pid, "SIGKILL");
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    }
    this.#groupGone = true;
  }
}
