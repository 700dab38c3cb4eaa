import fs from "node:fs";
import { hasCode } from "../base/errors.ts";

/** Renames a log to `PATH.1` and each older one to the next number; the one after `keep` is gone. Throws when that fails. */
export function setAside(path: string, keep: number): void {
  for (let number = keep; number > 1; number--) move(`${path}.${number - 1}`, `${path}.${number}`);
  move(path, `${path}.1`);
}

function move(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
