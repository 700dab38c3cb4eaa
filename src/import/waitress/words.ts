import { didYouMean } from "../../base/did-you-mean.ts";
import { type Place, ProblemList, PropylonError } from "../../base/errors.ts";
import { OPTIONS } from "./options.ts";

export interface WaitressWords {
  /** In the order given; switches have an empty value, `no-` in front of the name is `negated`. */
  readonly options: readonly { readonly name: string; readonly value: string; readonly negated: boolean }[];
  /** `module:app`, or null. */
  readonly target: string | null;
}

/** Reads the arguments as waitress-serve does (getopt: `--name=value`, `--name value`, unique beginnings of names, options before the app). */
export function readWords(words: readonly string[], place: Place): WaitressWords {
  const options: { name: string; value: string; negated: boolean }[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") at++;
    if (word === "--" || !word.startsWith("--")) break;
    const equals = word.indexOf("=");
    const written = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const { name, negated } = nameOf(written, place);
    let value = equals < 0 ? "" : word.slice(equals + 1);
    if (OPTIONS[name]!.takes === "value" && equals < 0) {
      at++;
      if (words[at] === undefined) throw wrong(`--${name} needs a value`, place, `write --${name}=VALUE`);
      value = words[at]!;
    } else if (OPTIONS[name]!.takes === "nothing" && equals >= 0) {
      throw wrong(`--${name} takes no value`, place, `write --${name}`);
    }
    options.push({ name, value, negated });
  }
  const [target = null, ...rest] = words.slice(at);
  if (rest.length > 0)
    throw wrong(`"${rest[0]}" is one too many: waitress-serve serves one app`, place, "give options before the app");
  if (target?.startsWith("-") === true)
    throw wrong(`"${target}" is no option of waitress-serve`, place, "its options begin with two dashes");
  return { options, target };
}

// --- internal ---

function nameOf(written: string, place: Place): { readonly name: string; readonly negated: boolean } {
  if (Object.hasOwn(OPTIONS, written)) return { name: written, negated: false };
  const plain = written.startsWith("no-") ? written.slice(3) : null;
  if (plain !== null && Object.hasOwn(OPTIONS, plain) && OPTIONS[plain]!.takes === "nothing")
    return { name: plain, negated: true };
  const near = Object.keys(OPTIONS).filter((name) => name.startsWith(written));
  if (near.length === 1) return { name: near[0]!, negated: false };
  const remedy = didYouMean(written, Object.keys(OPTIONS)) ?? "see waitress-serve --help";
  throw wrong(`--${written} is no option of waitress-serve`, place, remedy);
}

function wrong(message: string, place: Place, remedy: string): ProblemList {
  return new ProblemList([new PropylonError("user", message, { place, remedy })]);
}
