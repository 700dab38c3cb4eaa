import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ControlClient } from "../../src/control/client.ts";
import type { StatusReport } from "../../src/control/operations.ts";
import { instances } from "../../src/supervisor/runtime-directory.ts";

export interface InstanceOptions {
  readonly development?: boolean;
  readonly pidFile?: string;
  readonly plainSockets?: boolean;
}

/** A folder with a configuration and its files, removed at the end of the test. */
export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), "propylon-supervision-"));

  constructor(files: Readonly<Record<string, string>>) {
    mkdirSync(join(this.path, "run"), { mode: 0o711 });
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  /** What is in its runtime directory's base. */
  runtime(): string[] {
    return readdirSync(join(this.path, "run"));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A whole propylon (fixtures/main.ts): main, edge, workers. */
export class Running {
  readonly folder: Folder;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  output = "";
  #stdout = "";
  readonly #process: ChildProcess;
  #status: StatusReport | null = null;

  constructor(folder: Folder, options: InstanceOptions = {}) {
    this.folder = folder;
    const program = fileURLToPath(new URL("fixtures/main.ts", import.meta.url));
    this.#process = spawn(process.execPath, [program, folder.path, JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process.stdout!.on("data", (chunk) => {
      this.#stdout += chunk;
    });
    this.#process.stderr!.on("data", (chunk) => {
      this.output += chunk;
    });
    this.exited = new Promise((resolve) => this.#process.once("exit", (code, signal) => resolve({ code, signal })));
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Waits until clients are let in. */
  async ready(): Promise<this> {
    let over = false;
    void this.exited.then(() => {
      over = true;
    });
    await until("propylon is ready", () => {
      if (over) throw new Error(`it ended:\n${this.output}`);
      return this.#stdout.includes("\n");
    });
    this.#status = JSON.parse(this.#stdout.slice("ready ".length)) as StatusReport;
    return this;
  }

  get url(): string {
    return this.#status!.listeners[0]!.url;
  }

  get client(): ControlClient {
    const [instance] = instances(this.folder.path, [join(this.folder.path, "run")]);
    if (instance === undefined) throw new Error("no instance runs in this folder");
    return new ControlClient(instance.control);
  }

  async get(path = "/"): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(this.url + path, { headers: { Connection: "close" } });
    return { status: response.status, text: await response.text() };
  }

  /** Pids of the processes in status whose names begin so. */
  async pids(name: string): Promise<number[]> {
    const { processes } = await this.client.status();
    return processes.flatMap((entry) => (entry.name.startsWith(name) && entry.pid > 0 ? [entry.pid] : []));
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends it, whatever the test has left it in, and removes its folder. */
  async cleanUp(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.signal("SIGTERM");
      const timer = setTimeout(() => this.signal("SIGKILL"), 10_000);
      const { signal } = await this.exited;
      clearTimeout(timer);
      this.folder.remove();
      if (signal !== null) throw new Error(`it did not end within 10 s of TERM:\n${this.output}`);
      return;
    }
    this.folder.remove();
  }
}

/** Waits for a condition, 15 s at most. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`it has not come true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a process runs; one that has ended and waits to be collected does not. */
export function isAlive(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

/** A configuration of one app, `hello`, on a free port. */
export function helloConfig(
  more: { readonly app?: string; readonly top?: string; readonly listener?: string } = {},
): string {
  return `listeners: [${more.listener ?? '"127.0.0.1:0"'}]
apps: { hello: { wsgi: "app:app", workers: 2, threads: 2${more.app ?? ""} } }
sites: [{ hosts: ["_"], routes: [{ app: hello }] }]
${more.top ?? ""}
`;
}

/** An app that answers its pid and `word`; /slow takes half a second, /die kills its process after it has begun. */
export function helloApp(word = "hello"): string {
  return `import os, signal, time
print("imported ${word}")
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    if environ["PATH_INFO"] == "/die":
        os.kill(os.getpid(), signal.SIGKILL)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"${word} %d" % os.getpid()]
`;
}
