import { basename, dirname, extname, resolve } from "node:path";
import type { ReadContext } from "../reading.ts";

/** The `%` variables of one configuration file, which uWSGI replaces in its text before it reads it. */
export interface Magic {
  readonly [letter: string]: string;
}

/**
 * @param written the file's name as it was given, without a section
 * @param first the first file of the instance, which capital letters refer to; the same as `written` for that one
 */
export function magicOf(written: string, section: string, first: string, context: ReadContext): Magic {
  const own = fileMagic(written, context.directory);
  const whole = fileMagic(first, context.directory);
  const capitals = Object.fromEntries(
    Object.entries(whole)
      .filter(([letter]) => /[a-z]/.test(letter))
      .map(([letter, value]) => [letter.toUpperCase(), value]),
  );
  return {
    ...capitals,
    ...own,
    x: section,
    v: context.directory,
    k: String(context.cpus),
    ...account(context.environment),
    "[": "\u001b",
    "%": "%",
  };
}

/** Replaces the variables; a `%` takes whatever character follows with it, but for `%(`, which is read later. */
export function replaceMagic(text: string, magic: Magic): string {
  return text.replace(/%([^(\n])/g, (_, letter: string) => (Object.hasOwn(magic, letter) ? magic[letter]! : ""));
}

// --- internal ---

function fileMagic(written: string, directory: string): Magic {
  const path = resolve(directory, written);
  const folder = dirname(path);
  const name = basename(path);
  const levels = folder.split("/").slice(1, 11);
  return {
    o: written,
    p: path,
    s: name,
    d: `${folder === "/" ? "" : folder}/`,
    e: extname(name).slice(1),
    n: name.slice(0, name.length - extname(name).length),
    c: basename(folder),
    ...Object.fromEntries(levels.map((level, index) => [String(index), level])),
  };
}

/** Whom uWSGI runs as is only known of the environment, without asking the system. */
function account(environment: ReadContext["environment"]): Magic {
  const { USER, HOSTNAME } = environment;
  return { ...(USER === undefined ? {} : { U: USER }), ...(HOSTNAME === undefined ? {} : { h: HOSTNAME }) };
}
