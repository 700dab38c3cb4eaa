import fs from "node:fs";
import path from "node:path";
import { hasCode, PropylonError } from "../base/errors.ts";
import { detectKind } from "../import/detect.ts";
import { FOREIGN_KINDS, type ForeignKind, type Reader } from "../import/reading.ts";

/** Configuration of other programs, as it stands on a command line. */
export interface ForeignRequest {
  readonly files: readonly string[];
  /** `--as`: the kind of every file; null: found from their content. */
  readonly as: string | null;
  /** `--with`: command lines of servers. */
  readonly commands: readonly string[];
  /** Words of a server that we stand in for (`propylon gunicorn ...`). */
  readonly words?: { readonly kind: ForeignKind; readonly words: readonly string[] };
  /** A file of a program that we stand in for, and its reader, where its command line has a say in the reading. */
  readonly file?: { readonly kind: ForeignKind; readonly path: string; readonly reader?: Reader };
  /** Programs that are servers stay programs (`propylon supervisord`). */
  readonly keepPrograms?: boolean;
}

/** Whether these files are to be imported, and not read as a propylon.yaml or the folder of one. */
export function isForeign(request: ForeignRequest, directory: string): boolean {
  if (
    request.as !== null ||
    request.commands.length > 0 ||
    request.words !== undefined ||
    request.file !== undefined ||
    request.files.length > 1
  )
    return true;
  const [file] = request.files;
  if (file === undefined) return false;
  const stat = fs.statSync(path.resolve(directory, file), { throwIfNoEntry: false });
  return stat?.isFile() === true && kindOf(file, readSource(path.resolve(directory, file), file)) !== "propylon";
}

/** What a file configures, from its name and text. Throws a PropylonError when neither tells. */
export function kindOf(file: string, text: string): ForeignKind | "propylon" {
  const kind = detectKind(file, text);
  if (kind !== null) return kind;
  throw new PropylonError("user", `Cannot tell what ${file} is the configuration of`, {
    remedy: `say it with --as ${FOREIGN_KINDS.join("|")}; an app is served by its module: propylon app:app`,
  });
}

/** The text of a file that the command line names as `shown`. Throws a PropylonError that says why it can't be read. */
export function readSource(absolute: string, shown: string): string {
  try {
    return fs.readFileSync(absolute, "utf8");
  } catch (cause) {
    const why = hasCode(cause, "ENOENT")
      ? "there is no such file"
      : hasCode(cause, "EISDIR")
        ? "it is a folder"
        : hasCode(cause, "EACCES")
          ? "we may not read it"
          : String(cause);
    throw new PropylonError("user", `Cannot read ${shown}: ${why}`, { cause });
  }
}
