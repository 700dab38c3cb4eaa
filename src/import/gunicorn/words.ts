import { didYouMean } from "../../base/did-you-mean.ts";
import { type Place, ProblemList, PropylonError } from "../../base/errors.ts";
import { SETTINGS } from "./options.ts";
import type { PythonValue } from "./python-value.ts";

/** A setting as the command line gives it. */
export interface GivenSetting {
  readonly name: string;
  /** `true` for a flag. */
  readonly value: string | true;
  /** As written, for the report. */
  readonly option: string;
}

/** What is in effect of one setting, and where it was said. */
export interface Effective {
  readonly value: PythonValue;
  readonly place: Place;
}

/** Reads arguments as Gunicorn does (argparse: `-w4`, `--workers=4`, unique beginnings; options and the app in any order). */
export function readWords(
  words: readonly string[],
  place: Place,
): { readonly settings: readonly GivenSetting[]; readonly targets: readonly string[] } {
  const settings: GivenSetting[] = [];
  const targets: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") {
      targets.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      targets.push(word);
      continue;
    }
    const { option, inline } = taken(word);
    const name = settingOf(option, place);
    if (SETTINGS[name]!.takes === "flag") {
      if (inline !== null && option.startsWith("--")) throw wrong(`${option} takes no value`, place, `write ${option}`);
      settings.push({ name, value: true, option });
      // `-DR` is two switches.
      if (inline !== null) settings.push(...readWords([`-${inline}`], place).settings);
      continue;
    }
    const value = inline ?? words[++at];
    if (value === undefined) throw wrong(`${option} needs a value`, place, `write ${option} VALUE`);
    settings.push({ name, value, option });
  }
  return { settings, targets };
}

// --- internal ---

const FLAGS = new Map(
  Object.entries(SETTINGS).flatMap(([name, { flags }]) => flags.map((flag) => [flag, name] as const)),
);

/** `--name=value`, `-w4`, or the option alone. */
function taken(word: string): { readonly option: string; readonly inline: string | null } {
  if (!word.startsWith("--"))
    return { option: word.slice(0, 2), inline: word.length > 2 ? word.slice(2).replace(/^=/, "") : null };
  const equals = word.indexOf("=");
  return equals < 0
    ? { option: word, inline: null }
    : { option: word.slice(0, equals), inline: word.slice(equals + 1) };
}

function settingOf(option: string, place: Place): string {
  const exact = FLAGS.get(option);
  if (exact !== undefined) return exact;
  const near = option.startsWith("--") ? [...FLAGS.keys()].filter((flag) => flag.startsWith(option)) : [];
  const names = new Set(near.map((flag) => FLAGS.get(flag)!));
  if (names.size === 1) return [...names][0]!;
  if (names.size > 1) throw wrong(`${option} could be ${near.join(" or ")}`, place, "write it out");
  throw wrong(`${option} is no option of Gunicorn`, place, didYouMean(option, FLAGS.keys()) ?? "see gunicorn --help");
}

function wrong(message: string, place: Place, remedy: string): ProblemList {
  return new ProblemList([new PropylonError("user", message, { place, remedy })]);
}
