import path from "node:path";
import { type FSWatcher, watch } from "chokidar";
import { describe, PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/model.ts";

/** Changes within this many ms are one: editors write in steps, version control many files at once. */
const SETTLE = 100;
/** Folders in which nothing is an app's source, or far too much. */
const IGNORED = /^(?:\..+|__pycache__|node_modules|venv|env)$/;
/** What an app reads once, when it starts. Not what apps write while they run: each write would reload them. */
const SOURCES = /\.(?:py|wsgi|html?|jinja2?|j2|mako|ya?ml|toml|ini|cfg)$/;

export interface WatchActions {
  sourceChanged(app: string): Promise<unknown>;
  configChanged(): Promise<unknown>;
}

/** Watches the folders of apps with `reload: true`, and the configuration beside them. */
export class SourceWatch {
  readonly #log: Log;
  readonly #actions: WatchActions;
  /** The configuration, absolute; null: there is none. */
  readonly #file: string | null;
  readonly #watchers: FSWatcher[] = [];
  readonly #turns = new Map<string, Turn>();
  #watched = "";

  constructor(log: Log, file: string | null, actions: WatchActions) {
    this.#log = log;
    this.#file = file;
    this.#actions = actions;
  }

  /** Watches what this configuration has, from now on. */
  follow(settings: Config): void {
    const apps = Object.values(settings.apps).filter((app) => app.reload);
    const wanted = apps.map((app) => `${app.name}\0${app.directory}`).join("\n");
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    void this.#close();
    const config = this.#turn("configuration", () => this.#actions.configChanged());
    for (const { name, directory } of apps) {
      const app = this.#turn(`app ${name}`, () => this.#actions.sourceChanged(name));
      this.#watch(directory, (file) => {
        // Env files are part of the configuration: they are read with it.
        if (path.basename(file) === ".env") config.ask();
        else if (file !== this.#file && isSource(path.relative(directory, file))) app.ask();
      });
    }
    if (this.#file !== null && apps.length > 0) this.#watch(this.#file, () => config.ask());
  }

  async stop(): Promise<void> {
    for (const turn of this.#turns.values()) turn.cancel();
    await this.#close();
  }

  // --- internal ---

  #turn(what: string, action: () => Promise<unknown>): Turn {
    const turn = this.#turns.get(what) ?? new Turn(() => this.#tell(what, action));
    this.#turns.set(what, turn);
    return turn;
  }

  #watch(target: string, changed: (file: string) => void): void {
    const watcher = watch(target, {
      ignoreInitial: true,
      ignored: (name, stats) => isIgnored(path.relative(target, name), stats?.isFile() === true),
    });
    watcher.on("all", (_event, name) => changed(path.resolve(name)));
    watcher.on("error", (error) => this.#log.warn(`cannot watch ${target}: ${messageOf(error)}`));
    this.#watchers.push(watcher);
  }

  async #tell(what: string, action: () => Promise<unknown>): Promise<void> {
    this.#log.info(`${what} changed on disk: reloading`);
    try {
      await action();
    } catch (error) {
      this.#log.error(`${what} is not reloaded: ${messageOf(error)}`);
    }
  }

  async #close(): Promise<void> {
    await Promise.all(this.#watchers.splice(0).map((watcher) => watcher.close()));
  }
}

/** Runs an action a little after it is asked for; asked again while it runs, it runs once more. */
class Turn {
  readonly #action: () => Promise<void>;
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #again = false;

  constructor(action: () => Promise<void>) {
    this.#action = action;
  }

  ask(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.cancel();
    this.#timer = setTimeout(() => void this.#run(), SETTLE);
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#again = false;
  }

  async #run(): Promise<void> {
    this.#running = true;
    await this.#action();
    this.#running = false;
    if (this.#again) this.ask();
  }
}

/** `inside`: the path seen from the watched folder. `.env` begins with a dot and counts all the same. */
function isIgnored(inside: string, isFile: boolean): boolean {
  if (inside === "") return false;
  const steps = inside.split(path.sep);
  const folders = isFile ? steps.slice(0, -1) : steps.at(-1) === ".env" ? steps.slice(0, -1) : steps;
  return folders.some((step) => IGNORED.test(step)) || (isFile && !isSource(inside));
}

function isSource(inside: string): boolean {
  const steps = inside.split(path.sep);
  const name = steps.at(-1)!;
  return name === ".env" || SOURCES.test(name) || (steps.includes("templates") && !name.startsWith("."));
}

function messageOf(error: unknown): string {
  if (error instanceof PropylonError) return describe(error);
  return error instanceof Error ? error.message : String(error);
}
