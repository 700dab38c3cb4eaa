import { basename, dirname, join } from "node:path";
import type { ReadContext, Reading } from "./reading.ts";

/** Reads files that a program names where they stand on this machine. */
export interface StandIns {
  readonly context: ReadContext;
  /** The reading with the files that were read in place of those that were named, and a note for each. */
  settle(reading: Reading): { readonly reading: Reading; readonly notes: readonly string[] };
}

/**
 * A configuration that a command line names where it will be deployed (`-c /srv/app/gunicorn.conf.py`) is, when it is not there,
 * the given file of that name, else the one beside the file that holds the command.
 *
 * @param given paths of all files that were given
 * @param beside folder of the file with the command
 */
export function standIns(context: ReadContext, given: readonly string[], beside: string): StandIns {
  const taken = new Map<string, string>();
  const readFile = (path: string): string | null => {
    const text = context.readFile(path);
    if (text !== null || !CONFIGURATION.test(path)) return text;
    const named = given.filter((file) => basename(file) === basename(path));
    const candidates = [...(named.length === 1 ? named : []), join(beside, basename(path))];
    for (const candidate of candidates) {
      const found = context.readFile(candidate);
      if (found === null) continue;
      taken.set(path, candidate);
      return found;
    }
    return null;
  };
  const actual = (file: string): string => taken.get(file) ?? file;
  return {
    context: { ...context, readFile },
    settle: (reading) => ({
      reading: {
        ...reading,
        files: reading.files.map(actual),
        directives: reading.directives.map((line) => ({
          ...line,
          place: { ...line.place, file: actual(line.place.file) },
        })),
        doors: reading.doors.map((door) => ({ ...door, place: { ...door.place, file: actual(door.place.file) } })),
      },
      notes: [...taken].map(([named, file]) => `${named} is not there: ${file} is taken for it`),
    }),
  };
}

/** The folder of the file that a reading is of. */
export function folderOf(reading: Reading, context: ReadContext): string {
  const [file] = reading.files;
  return file === undefined ? context.directory : dirname(file);
}

// --- internal ---

const CONFIGURATION = /\.(?:py|conf|ini|cfg|ya?ml|xml|json)$/;
