import { readFileSync } from "node:fs";
import { hasCode, PropylonError } from "../base/errors.ts";

/** The text of a PEM file. Throws a PropylonError that names it and says why it can't be read. */
export function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = hasCode(cause, "ENOENT")
      ? "there is no such file"
      : hasCode(cause, "EACCES")
        ? "we may not read it"
        : cause instanceof Error
          ? cause.message
          : String(cause);
    throw new PropylonError("user", `Cannot read the ${what} ${file}: ${why}`, { cause });
  }
}
