import fs from "node:fs";
import path from "node:path";
import type { ReadContext } from "../../src/import/reading.ts";

/** A machine that has these files, by absolute path, and nothing else. */
export function machine(files: Readonly<Record<string, string>>, more: Partial<ReadContext> = {}): ReadContext {
  return {
    directory: "/srv/site",
    environment: {},
    readFile: (name) => files[name] ?? null,
    glob: (pattern) =>
      Object.keys(files)
        .filter((name) => path.matchesGlob(name, pattern))
        .sort(),
    isDirectory: (name) => Object.keys(files).some((file) => file.startsWith(`${name}/`)),
    isFile: (name) => Object.hasOwn(files, name),
    cpus: 2,
    ...more,
  };
}

/** Configurations of public projects for NGINX, by file name; null where the corpora are not there. */
export function publicConfigurations(): Readonly<Record<string, string>> | null {
  const corpora =
    process.env["PROPYLON_CORPORA"] ?? path.join(import.meta.dirname, "..", "..", "..", "shared", "corpora");
  const folder = path.join(corpora, "configs", "nginx");
  if (!fs.existsSync(folder)) return null;
  const names = fs.readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(folder, name), "utf8")]));
}
