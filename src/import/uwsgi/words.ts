import { didYouMean } from "../../base/did-you-mean.ts";
import { type Place, ProblemList, PropylonError } from "../../base/errors.ts";
import { formatOf } from "./gather.ts";
import { canonicalName, isOption, LETTERS, OPTIONAL, SWITCHES, VALUES } from "./option-names.ts";
import type { WrittenOption } from "./written-option.ts";

/** A command line of uWSGI: its options, and the files and apps named without one, which count last. */
export interface UwsgiWords {
  readonly options: readonly WrittenOption[];
  readonly plain: readonly string[];
}

/**
 * Takes a command line apart as uWSGI does (getopt: `--name=value`, `--name value`, unique beginnings, `-Mp 4`). Throws a ProblemList
 * for options that uWSGI refuses.
 */
export function readWords(words: readonly string[], place: Place): UwsgiWords {
  const options: WrittenOption[] = [];
  const plain: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") plain.push(...rest.splice(0));
    else if (word.startsWith("--")) options.push(longOption(word, rest, place));
    else if (/^-./.test(word)) options.push(...shortOptions(word, rest, place));
    else plain.push(word);
  }
  return { options, plain };
}

/** What a word without an option means: a file of a known format, a script, or a module. Throws a ProblemList for anything else. */
export function plainWord(word: string, place: Place): WrittenOption {
  const format = formatOf(word);
  if (format !== null) return { name: format, value: word, place };
  if (/\.(?:py|wsgi)(?::\w+)?$/.test(word)) return { name: "wsgi-file", value: word, place };
  if (/^[A-Za-z_][\w.]*:\w+(?:\(\))?$/.test(word)) return { name: "module", value: word, place };
  throw wrong(
    `"${word}" is no configuration that uWSGI reads`,
    place,
    "name an .ini, .xml, .yaml or .json file, or write --NAME=VALUE",
  );
}

// --- internal ---

function longOption(word: string, rest: string[], place: Place): WrittenOption {
  const equals = word.indexOf("=");
  const written = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const given = equals < 0 ? null : word.slice(equals + 1);
  const name = fullName(written, place);
  if (given !== null && SWITCHES.has(name)) throw wrong(`--${name} takes no value`, place, `write --${name}`);
  if (given !== null || !VALUES.has(name)) return { name, value: given, place };
  const value = rest.shift();
  if (value === undefined) throw wrong(`--${name} needs a value`, place, `write --${name} VALUE`);
  return { name, value, place };
}

/** Beginnings of names are enough where one name alone has them. */
function fullName(written: string, place: Place): string {
  if (isOption(written)) return written;
  const all = [...SWITCHES, ...OPTIONAL, ...VALUES];
  const near = written === "" ? [] : all.filter((name) => name.startsWith(written));
  if (near.length > 0 && new Set(near.map(canonicalName)).size === 1) return near[0]!;
  if (near.length > 1)
    throw wrong(`--${written} is ambiguous`, place, `write one of --${near.slice(0, 8).join(", --")}`);
  throw wrong(`--${written} is no option of uWSGI`, place, didYouMean(written, all) ?? "see uwsgi --help");
}

function shortOptions(word: string, rest: string[], place: Place): readonly WrittenOption[] {
  const options: WrittenOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const name = LETTERS[word[at]!];
    if (name === undefined) throw wrong(`-${word[at]} is no option of uWSGI`, place, "see uwsgi --help");
    if (SWITCHES.has(name)) {
      options.push({ name, value: null, place });
      continue;
    }
    const glued = word.slice(at + 1);
    const value = glued !== "" ? glued : VALUES.has(name) ? rest.shift() : null;
    if (value === undefined) throw wrong(`-${word[at]} needs a value`, place, `write -${word[at]} VALUE`);
    options.push({ name, value, place });
    break;
  }
  return options;
}

function wrong(message: string, place: Place, remedy: string): ProblemList {
  return new ProblemList([new PropylonError("user", message, { place, remedy })]);
}
