import { splitShellWords } from "../../base/shell-words.ts";

/** What a line of a Procfile runs: commands one after the other, the last of which is the process. */
export interface ShellLine {
  readonly steps: readonly ShellStep[];
}

export interface ShellStep {
  /** Words, where the shell has nothing to do but to split them; else the text for `sh -c`. */
  readonly command: readonly string[] | string;
  /** Whether what follows runs only if this ended well (`&&`). */
  readonly required: boolean;
}

/**
 * Takes a shell command apart at `;` and `&&`, and each part into words with variables put in, as far as that needs no shell.
 * `variables`: what is known; a name that is not makes the part one for the shell.
 */
export function readShellLine(text: string, variables: Readonly<Record<string, string | undefined>>): ShellLine {
  const parts = splitSteps(text);
  if (parts === null) return { steps: [{ command: text.trim(), required: true }] };
  return {
    steps: parts.map(({ text: part, required }) => ({ command: wordsOf(part, variables) ?? part, required })),
  };
}

/** The words of a simple command, or null where it takes a shell. */
export function wordsOf(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): readonly string[] | null {
  const open = text.replace(/'[^']*'/g, "''");
  if (/[|&<>`()*?~\n]|\$\(|\$\{[^}]*[^\w}:-]/.test(open.replace(/"(?:[^"\\`$]|\\.|\$(?!\())*"/g, '""'))) return null;
  const filled = fill(text, variables);
  const words = filled === null ? null : splitShellWords(filled);
  // Assignments before a command are the shell's; env does the same.
  return words !== null && /^[A-Za-z_]\w*=/.test(words[0] ?? "") ? ["env", ...words] : words;
}

// --- internal ---

/** At top-level `;` and `&&`; null where there is more of the shell's grammar (pipes, `||`, `&`, groups, control words). */
function splitSteps(text: string): readonly { readonly text: string; readonly required: boolean }[] | null {
  const parts: { text: string; required: boolean }[] = [];
  let part = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "'" || char === '"') {
      const end = text.indexOf(char, i + 1);
      if (end < 0) return null;
      part += text.slice(i, end + 1);
      i = end;
    } else if (char === "\\") {
      part += text.slice(i, i + 2);
      i++;
    } else if (char === ";" || (char === "&" && text[i + 1] === "&")) {
      parts.push({ text: part.trim(), required: char === "&" });
      part = "";
      if (char === "&") i++;
    } else if (/[|&(){}`]/.test(char) && !(char === "{" && text[i - 1] === "$") && !/\$\{[^}]*$/.test(part)) {
      return null;
    } else part += char;
  }
  if (part.trim() !== "") parts.push({ text: part.trim(), required: true });
  const plain = parts.every((each) => each.text !== "" && !CONTROL.test(each.text));
  return plain && parts.length > 0 ? parts : null;
}

/** Words that begin more than a simple command, or that change the shell itself for what follows. */
const CONTROL =
  /^(?:if|then|else|fi|for|while|until|do|done|case|esac|function|cd|export|source|set|trap|wait|\.|!|\w+=\S*$)(?:\s|$)/;

/** `$NAME`, `${NAME}` and `${NAME:-default}` outside of single quotes replaced; null when one is not known. */
function fill(text: string, variables: Readonly<Record<string, string | undefined>>): string | null {
  let missing = false;
  const filled = text.replace(
    /'[^']*'|\\.|\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g,
    (written: string, braced: string | undefined, fallback: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare;
      if (name === undefined) return written;
      const value = variables[name] ?? fallback;
      if (value === undefined || /["'\\]/.test(value)) missing = true;
      return value ?? "";
    },
  );
  return missing ? null : filled;
}
