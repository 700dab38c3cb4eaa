import { PropylonError } from "../../base/errors.ts";

/** Options and what follows them, as Python's getopt splits a command line. */
export interface Words {
  /** By long name; an option without a value is `""`. */
  readonly options: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** A long name (`=` behind it: takes a value), by its letter. */
export type OptionTable = Readonly<Record<string, string>>;

/** Reads options up to the first word that is none. Throws a PropylonError that says what is wrong as supervisor does. */
export function parseWords(words: readonly string[], table: OptionTable, program: string): Words {
  const options = new Map<string, string>();
  const names = Object.values(table);
  let at = 0;
  const wrong = (message: string): PropylonError =>
    new PropylonError("usage", `Error: ${message}\nFor help, use ${program} -h`);
  const take = (spec: string, shown: string, joined: string | null): void => {
    const name = spec.replace(/=$/, "");
    if (!spec.endsWith("=")) {
      options.set(name, "");
      return;
    }
    const value = joined ?? words[++at];
    if (value === undefined) throw wrong(`option ${shown} requires argument`);
    options.set(name, value);
  };
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") return { options, rest: words.slice(at + 1) };
    if (!word.startsWith("-") || word === "-") return { options, rest: words.slice(at) };
    if (word.startsWith("--")) {
      const [name = "", ...value] = word.slice(2).split("=");
      const spec = names.find((each) => each.replace(/=$/, "") === name);
      if (spec === undefined) throw wrong(`option --${name} not recognized`);
      take(spec, `--${name}`, value.length === 0 ? null : value.join("="));
      continue;
    }
    for (let letter = 1; letter < word.length; letter++) {
      const spec = table[word[letter]!];
      if (spec === undefined) throw wrong(`option -${word[letter]!} not recognized`);
      const joined = spec.endsWith("=") && letter + 1 < word.length ? word.slice(letter + 1) : null;
      take(spec, `-${word[letter]!}`, joined);
      if (spec.endsWith("=")) break;
    }
  }
  return { options, rest: [] };
}
