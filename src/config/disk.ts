import { readFileSync, type Stats, statSync } from "node:fs";

/** What resolving a configuration asks of the file system, so that its rules can be tested without one. */
export interface Disk {
  isFile(path: string): boolean;
  isDirectory(path: string): boolean;
  /** The text of a file. Throws the system's error. */
  read(path: string): string;
}

export const realDisk: Disk = {
  isFile: (path) => look(path)?.isFile() ?? false,
  isDirectory: (path) => look(path)?.isDirectory() ?? false,
  read: (path) => readFileSync(path, "utf8"),
};

function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    // Not there, or not to be reached by us: no file that we could use either way.
    return null;
  }
}
