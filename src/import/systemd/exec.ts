import { expandVariables, splitUnitWords } from "./words.ts";

/** One command of an `Exec...=` option. */
export interface ExecCommand {
  readonly words: readonly string[];
  /** `-`: a failure does not count. */
  readonly mayFail: boolean;
  /** `+` or `!`: not as `User=`. */
  readonly privileged: boolean;
  /** Variables that nothing sets: systemd puts nothing in their place. */
  readonly missing: readonly string[];
}

/** The commands of a value (several, parted by `;`, with `Type=oneshot`), or null where a quote is open or nothing is run. */
export function readExec(
  value: string,
  variables: Readonly<Record<string, string | undefined>>,
): readonly ExecCommand[] | null {
  const all = splitUnitWords(value);
  if (all === null) return null;
  const commands: ExecCommand[] = [];
  let words: string[] = [];
  for (const word of [...all, ";"]) {
    if (word !== ";") words.push(word);
    else if (words.length > 0) {
      commands.push(readCommand(words, variables));
      words = [];
    }
  }
  return commands.length === 0 || commands.some((command) => command.words.length === 0) ? null : commands;
}

// --- internal ---

function readCommand(words: readonly string[], variables: Readonly<Record<string, string | undefined>>): ExecCommand {
  const prefix = /^[-@:+!|]*/.exec(words[0]!)![0];
  const program = words[0]!.slice(prefix.length);
  // With `@` the second word is only what the program sees as its own name.
  const args = prefix.includes("@") ? words.slice(2) : words.slice(1);
  const rest = prefix.includes(":") ? { words: args, missing: [] } : expandVariables(args, variables);
  return {
    words: program === "" ? rest.words : [program, ...rest.words],
    mayFail: prefix.includes("-"),
    privileged: /[+!]/.test(prefix),
    missing: rest.missing,
  };
}
