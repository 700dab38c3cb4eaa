import type { TestContext } from "node:test";
import { Folder, Running } from "../supervision/instance.ts";

/** A configuration of one app, `hello`, with these settings beside `wsgi`. */
export function config(app: string, top = ""): string {
  return `listeners: ["127.0.0.1:0"]
apps: { hello: { wsgi: "app:app", ${app} } }
sites: [{ hosts: ["_"], routes: [{ app: hello }] }]
${top}
`;
}

/** A whole propylon with these files, ended after the test. */
export async function serve(t: TestContext, files: Readonly<Record<string, string>>): Promise<Running> {
  const running = new Running(new Folder(files));
  t.after(() => running.cleanUp());
  return running.ready();
}

/** The state of each worker by its pid; replaced ones that still run too. */
export async function workers(running: Running): Promise<Map<number, string>> {
  const { processes } = await running.client.status();
  return new Map(
    processes.filter(({ name, pid }) => /^hello\/\d/.test(name) && pid > 0).map(({ pid, state }) => [pid, state]),
  );
}

/** Asks again and again on a few connections, until it is stopped; the statuses and texts that came. */
export class Asking {
  readonly statuses = new Map<number, number>();
  readonly texts = new Set<string>();
  #over = false;
  readonly #loops: Promise<unknown>;

  constructor(running: Running, connections: number, path = "/") {
    this.#loops = Promise.all(Array.from({ length: connections }, () => this.#loop(running, path)));
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#loops;
  }

  async #loop(running: Running, path: string): Promise<void> {
    while (!this.#over) {
      const { status, text } = await running.get(path);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      this.texts.add(text);
    }
  }
}
