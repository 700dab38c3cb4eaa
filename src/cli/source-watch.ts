import path from "node:path";
import { type FSWatcher, watch } from "chokidar";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/model.ts";

/** Changes within this many ms are one: editors write in steps, version control many files at once. */
const SETTLE = 100;
/** Folders in which nothing is an app's source, or far too much. */
const IGNORED = /(?:^|\/)(?:\.[^/]+|__pycache__|node_modules|venv|env)(?:\/|$)/;
const SOURCES = /\.(?:py|html|htm|jinja|jinja2|j2|txt|yaml|yml|toml|json|cfg|ini|wsgi)$|(?:^|\/)\.env$/;

export interface WatchActions {
  sourceChanged(app: string): Promise<unknown>;
  configChanged(): Promise<unknown>;
}

/** Watches the folders of apps with `reload: true`, and the configuration beside them. */
export class SourceWatch {
  readonly #log: Log;
  readonly #watchers: FSWatcher[] = [];
  readonly #pending = new Map<string, NodeJS.Timeout>();
  #watched: readonly string[] = [];
  #actions: WatchActions | null = null;
  #file: string | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  start(config: Config, file: string | null, actions: WatchActions): void {
    this.#actions = actions;
    this.#file = file;
    this.follow(config);
  }

  /** The configuration has changed, and with it perhaps what is to be watched. */
  follow(config: Config): void {
    const apps = Object.values(config.apps).filter((app) => app.reload);
    const wanted = apps.map((app) => `${app.name}\0${app.directory}`);
    if (wanted.join("\n") === this.#watched.join("\n")) return;
    this.#watched = wanted;
    void this.#close();
    for (const app of apps) {
      this.#watch(app.directory, (changed) => {
        if (changed !== this.#file) this.#soon(app.name, () => this.#actions!.sourceChanged(app.name));
      });
    }
    const file = this.#file;
    if (file !== null && apps.length > 0)
      this.#watch(file, () => this.#soon(file, () => this.#actions!.configChanged()));
  }

  async stop(): Promise<void> {
    for (const timer of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
    await this.#close();
  }

  // --- internal ---

  #watch(target: string, changed: (file: string) => void): void {
    const watcher = watch(target, {
      ignoreInitial: true,
      ignored: (name, stats) => {
        const inside = path.relative(target, name);
        return IGNORED.test(inside) || (stats?.isFile() === true && inside !== "" && !SOURCES.test(name));
      },
    });
    watcher.on("all", (_event, name) => changed(path.resolve(name)));
    watcher.on("error", (error) =>
      this.#log.warn(`cannot watch ${target}: ${error instanceof Error ? error.message : String(error)}`),
    );
    this.#watchers.push(watcher);
  }

  #soon(key: string, action: () => Promise<unknown>): void {
    const before = this.#pending.get(key);
    if (before !== undefined) clearTimeout(before);
    this.#pending.set(
      key,
      setTimeout(() => {
        this.#pending.delete(key);
        action().catch((error: unknown) =>
          this.#log.error(`reload failed: ${error instanceof Error ? error.message : String(error)}`),
        );
      }, SETTLE),
    );
  }

  async #close(): Promise<void> {
    await Promise.all(this.#watchers.splice(0).map((watcher) => watcher.close()));
  }
}
