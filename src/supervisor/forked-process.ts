import type { Socket } from "node:net";
import { type Exit, LONGEST_MESSAGE, readLines, signalGroup } from "../process/child.ts";
import { lives } from "../process/session.ts";
import type { Strand, WorkerDoor } from "./worker-door.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** After its exit, wait so long for what it had written: a child of its own may hold the connections open for ever. ms */
const LAST_WORDS = 250;
/** How often to look whether a process has gone that nobody tells us of, ms. */
const LOOK = 50;

/** Who forks: a forerunner, or one that is yet to come. */
export interface Forker {
  /** Asks for a process that comes to the door with this key. */
  fork(key: string, hears: ForkHears): void;
  /** It is not wanted any more. */
  cancel(key: string): void;
}

/** What becomes of a process that was asked for. */
export interface ForkHears {
  forked(pid: number): void;
  /** There is none. */
  failed(reason: string): void;
  exited(code: number | null, signal: string | null): void;
  /** Its forerunner has ended before it: nobody will tell how it ends. */
  orphaned(): void;
}

export interface ForkedSpec {
  readonly forker: Forker;
  readonly door: WorkerDoor;
  readonly output: (stream: "stdout" | "stderr", line: string) => void;
  readonly message: (line: string) => void;
}

/** A worker process that a forerunner forked: it has connected to main for what a child of main's has by birth. */
export class ForkedProcess implements WorkerProcess, ForkHears {
  readonly ended: Promise<Exit>;
  readonly #spec: ForkedSpec;
  readonly #waiting: string[] = [];
  readonly #sockets: Socket[] = [];
  readonly #flushes: (() => void)[] = [];
  #key = "";
  #pid: number | null = null;
  #control: Socket | null = null;
  #over = false;
  #orphaned = false;
  #leavesGroup = false;
  #end!: (exit: Exit) => void;

  constructor(spec: ForkedSpec) {
    this.#spec = spec;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get pid(): number | null {
    return this.#pid;
  }

  start(): void {
    this.#key = this.#spec.door.expect((strand, socket) => this.#connected(strand, socket));
    this.#spec.forker.fork(this.#key, this);
  }

  send(message: Readonly<Record<string, unknown>>): void {
    const line = `${JSON.stringify(message)}\n`;
    if (this.#control === null) this.#waiting.push(line);
    else if (this.#control.writable) this.#control.write(line);
  }

  signal(name: NodeJS.Signals): void {
    if (this.#over) return;
    if (this.#pid === null) {
      this.#spec.forker.cancel(this.#key);
      return this.failed("it was ended before it had begun");
    }
    // Its session may be a moment away.
    if (!signalGroup(this.#pid, name)) signalProcess(this.#pid, name);
  }

  leaveGroup(): void {
    this.#leavesGroup = true;
  }

  forked(pid: number): void {
    this.#pid = pid;
  }

  failed(reason: string): void {
    this.#finish({ code: null, signal: null, error: new Error(reason) });
  }

  exited(code: number | null, signal: string | null): void {
    this.#finish({ code, signal: signal as NodeJS.Signals | null, error: null });
  }

  orphaned(): void {
    if (this.#pid === null) return this.failed("its forerunner has ended");
    this.#orphaned = true;
    const timer = setInterval(() => {
      if (this.#over || !this.#hasGone()) return;
      clearInterval(timer);
      this.#finish({ code: null, signal: null, error: null });
    }, LOOK * 10);
    timer.unref();
  }

  // --- internal ---

  #connected(strand: Strand, socket: Socket): void {
    if (this.#over) {
      socket.destroy();
      return;
    }
    this.#sockets.push(socket);
    if (strand === "control") {
      this.#control = socket;
      for (const line of this.#waiting.splice(0)) socket.write(line);
      this.#flushes.push(readLines(socket, this.#spec.message, LONGEST_MESSAGE));
      socket.once("close", () => void this.#lookForEnd());
    } else if (strand === "life") socket.resume();
    else
      this.#flushes.push(readLines(socket, (line) => this.#spec.output(strand === "out" ? "stdout" : "stderr", line)));
    socket.resume();
  }

  // Of an orphan that has ended its own connections tell first.
  async #lookForEnd(): Promise<void> {
    while (this.#orphaned && !this.#over) {
      if (this.#hasGone()) return this.#finish({ code: null, signal: null, error: null });
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  #hasGone(): boolean {
    return this.#pid !== null && !lives(this.#pid);
  }

  #finish(exit: Exit): void {
    if (this.#over) return;
    this.#over = true;
    this.#spec.door.forget(this.#key);
    if (this.#pid !== null && !this.#leavesGroup) signalGroup(this.#pid, "SIGTERM");
    const closed = this.#sockets.map((socket) =>
      socket.closed ? null : new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_WORDS);
    });
    void Promise.race([Promise.all(closed), patience]).then(() => {
      clearTimeout(timer);
      for (const flush of this.#flushes) flush();
      // Whoever still holds the other ends is read on, and does not keep us from ending.
      for (const socket of this.#sockets) socket.unref();
      this.#control?.destroy();
      this.#end(exit);
    });
  }
}

function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
}
