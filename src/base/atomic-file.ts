import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/**
 * Replaces a file at once: after a crash there is the old or the new content, never half of one. Nobody else reads it unless
 * `mode` says so. Throws what the system says.
 */
export function replaceFile(file: string, content: string, mode = 0o600): void {
  const temporary = `${file}.${process.pid}.new`;
  try {
    const fd = openSync(temporary, "w", mode);
    try {
      writeSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
