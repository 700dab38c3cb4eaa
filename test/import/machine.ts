import path from "node:path";
import type { ReadContext } from "../../src/import/reading.ts";

/** A machine with these files and nothing else, for readers. */
export function machine(files: Readonly<Record<string, string>> = {}, more: Partial<ReadContext> = {}): ReadContext {
  const names = Object.keys(files);
  return {
    directory: "/srv/app",
    environment: {},
    cpus: 2,
    readFile: (name) => files[name] ?? null,
    isFile: (name) => Object.hasOwn(files, name),
    isDirectory: (name) => names.some((file) => file.startsWith(`${name}/`)),
    glob: (pattern) => names.filter((name) => path.matchesGlob(name, pattern)).sort(),
    ...more,
  };
}
