import { splitShellWords } from "../../base/shell-words.ts";

/** A Gunicorn command that stands in a shell script or a Dockerfile. */
export interface ScriptCommand {
  /** The words after `gunicorn`. */
  readonly words: readonly string[];
  readonly line: number;
}

/** Whether this text is a script or a Dockerfile, and no configuration in Python. */
export function isScript(path: string, text: string): boolean {
  return (
    /^#!.*sh\b/.test(text) ||
    /^(?:FROM|CMD|ENTRYPOINT)\s/m.test(text) ||
    /\.sh$|dockerfile(?:\.[\w-]+)?$/i.test(path) ||
    /^(?:set|exec|export)\s/m.test(text)
  );
}

/**
 * The Gunicorn commands of a script or a Dockerfile. Nothing is run: variables are those of the environment or their defaults
 * (`${PORT:-8000}`), what only a shell can know is left empty, and what is piped or done beside is left out.
 */
export function scriptCommands(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly ScriptCommand[] {
  return logicalLines(text).flatMap(({ text: line, number }) => {
    const words = line.includes("gunicorn") ? commandWords(line, environment) : null;
    return words === null ? [] : [{ words, line: number }];
  });
}

// --- internal ---

/** Lines with those joined that end in a backslash; comments left out. */
function logicalLines(text: string): readonly { readonly text: string; readonly number: number }[] {
  const result: { text: string; number: number }[] = [];
  let open: { text: string; number: number } | null = null;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*#/.test(line)) continue;
    const continues = line.endsWith("\\");
    const piece = continues ? line.slice(0, -1) : line;
    open = open === null ? { text: piece, number: index + 1 } : { text: `${open.text} ${piece}`, number: open.number };
    if (continues) continue;
    result.push(open);
    open = null;
  }
  return open === null ? result : [...result, open];
}

const COMMAND = /^(?:\S*\/)?gunicorn3?$/;
/** What ends a command, or is the shell's own. */
const OPERATOR = /^(?:[|&;]+|\d?>.*|<.*|\)|then|fi|done)$/;

function commandWords(
  line: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] | null {
  const dockerfile = /^\s*(?:CMD|ENTRYPOINT)\s+(.*)$/s.exec(line);
  const json = dockerfile === null ? null : jsonWords(dockerfile[1]!);
  const words = json ?? splitShellWords(expand(dockerfile?.[1] ?? line, environment).replace(/;/g, " ; "));
  if (words === null) return null;
  const start = words.findIndex((word) => COMMAND.test(word));
  // `apt-get install gunicorn` and `if [ "$1" = gunicorn ]` start nothing.
  if (
    start < 0 ||
    words.slice(0, start).some((word) => /^(?:install|add|pip3?|apt(?:-get)?|\[|\[\[|echo|which|command)$/.test(word))
  )
    return null;
  const rest = words.slice(start + 1);
  const end = rest.findIndex((word) => OPERATOR.test(word));
  const command = end < 0 ? rest : rest.slice(0, end);
  return command.length === 0 ? null : command;
}

function jsonWords(text: string): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(text.trim());
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : null;
  } catch {
    return null; // the shell form
  }
}

function expand(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  return text
    .replace(/"\$[@*]"|\$[@*]/g, "")
    .replace(
      /\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)/g,
      (_, braced: string | undefined, fallback: string | undefined, plain: string | undefined) => {
        return environment[braced ?? plain!] ?? fallback ?? "";
      },
    )
    .replace(/\$\([^)]*\)|`[^`]*`/g, "");
}
