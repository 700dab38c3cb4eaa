import { type FSWatcher, lstatSync, type Stats, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Log } from "../base/log.ts";

/** What happens within this time is one touch: deployments write in steps. ms */
const SETTLE = 100;
/** After a folder that could not be watched, the next try, ms. */
const AGAIN = 1000;

/**
 * Watches single files: says which was touched, written, made or replaced, or, being a link, leads elsewhere. By the kernel's messages on
 * their folders (inotify), in production as in development; nothing runs while nothing happens.
 */
export class TouchWatch {
  readonly #log: Log;
  readonly #touched: (file: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #known = new Map<string, string>();
  /** Folders whose trouble has been told. */
  readonly #told = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #settling: NodeJS.Timeout | null = null;

  constructor(log: Log, touched: (file: string) => void) {
    this.#log = log;
    this.#touched = touched;
  }

  /** Watches these from now on, and no others; what happened before does not count, but to those that were watched already. */
  follow(files: readonly string[]): void {
    if (files.length === this.#known.size && files.every((file) => this.#known.has(file))) return;
    this.stop();
    for (const file of files) this.#known.set(file, signatureOf(file));
    for (const folder of new Set(files.map(dirname))) this.#watch(folder);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = null;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#known.clear();
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => this.#heard(folder, name));
      watcher.on("error", (error) => this.#tryAgain(folder, error.message));
      this.#watchers.set(folder, watcher);
      this.#told.delete(folder);
    } catch (error) {
      this.#tryAgain(folder, error instanceof Error ? error.message : String(error));
    }
  }

  #heard(folder: string, name: string | null): void {
    // It speaks of the folder itself: moved or removed, and maybe there again as another.
    if (name === basename(folder)) this.#tryAgain(folder, null);
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#look(), SETTLE);
  }

  #look(): void {
    let touched: string | null = null;
    for (const [file, before] of this.#known) {
      const now = signatureOf(file);
      this.#known.set(file, now);
      // A file that is taken away says nothing; that it comes back does.
      if (now !== before && now !== "") touched = file;
    }
    if (touched !== null) this.#touched(touched);
  }

  #tryAgain(folder: string, problem: string | null): void {
    if (problem !== null && !this.#told.has(folder)) this.#log.warn(`cannot watch ${folder} yet: ${problem}`);
    this.#told.add(folder);
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#watch(folder);
      this.#look();
    }, AGAIN);
    timer.unref();
    this.#timers.add(timer);
  }
}

/** Differs when the file does; empty when there is none. */
function signatureOf(file: string): string {
  try {
    return `${markOf(lstatSync(file))} ${markOf(statSync(file))}`;
  } catch {
    return ""; // absent, or a link that leads nowhere
  }
}

function markOf({ dev, ino, mtimeMs, size }: Stats): string {
  return [dev, ino, mtimeMs, size].join(" ");
}
