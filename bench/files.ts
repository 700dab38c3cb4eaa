import fs from "node:fs";
import path from "node:path";

/** A file that every peer serves. */
export interface BenchFile {
  readonly name: string;
  readonly content: Buffer;
}

const LINE = "0123456789abcde\n";

export const FILES = {
  small: { name: "1k.txt", content: Buffer.from(LINE.repeat(64)) },
  page: { name: "27k.txt", content: Buffer.from(LINE.repeat(27 * 64)) },
  large: { name: "1m.txt", content: Buffer.from(LINE.repeat(64 * 1024)) },
} as const satisfies Record<string, BenchFile>;

/** When all of them were changed: what a client that has them says in If-Modified-Since. */
export const CHANGED = new Date("2026-01-02T03:04:05Z");

/** Writes them into the folder. */
export function writeFiles(folder: string): void {
  for (const { name, content } of Object.values(FILES)) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, content);
    fs.utimesSync(file, CHANGED, CHANGED);
  }
}
