const MAX_DEPTH = 8;

/** What is wrong with the `${...}` of one text. */
export interface InterpolationProblem {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Replaces `${NAME}` by the environment's value and `${NAME:default}` by it or, when it is unset or empty, by the default
 * (which may hold `${...}` itself). `$${` writes a plain `${`. `${NAME:-default}` is the shell's spelling of the same.
 */
export function interpolate(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly text: string; readonly problems: readonly InterpolationProblem[] } {
  if (!text.includes("${")) return { text, problems: [] };
  const problems: InterpolationProblem[] = [];
  return { text: replace(text, environment, problems), problems };
}

function replace(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  problems: InterpolationProblem[],
  depth = 0,
): string {
  let result = "";
  let position = 0;
  for (;;) {
    const start = text.indexOf("${", position);
    if (start < 0) return result + text.slice(position);
    if (text[start - 1] === "$" && start > position) {
      result += `${text.slice(position, start - 1)}\${`;
      position = start + 2;
      continue;
    }
    const end = closing(text, start + 2);
    if (end < 0) {
      problems.push({ message: `"${text.slice(start)}" has no closing brace`, remedy: ESCAPE });
      return result;
    }
    result += text.slice(position, start) + expand(text.slice(start + 2, end), environment, problems, depth);
    position = end + 1;
  }
}

function expand(
  inner: string,
  environment: Readonly<Record<string, string | undefined>>,
  problems: InterpolationProblem[],
  depth: number,
): string {
  const match = /^([A-Za-z_]\w*)(?::-?([\s\S]*))?$/.exec(inner);
  if (match === null) {
    problems.push({ message: `"\${${inner}}" does not name an environment variable`, remedy: ESCAPE });
    return "";
  }
  const [, name, fallback] = match;
  const value = Object.hasOwn(environment, name!) ? environment[name!] : undefined;
  if (fallback !== undefined && value !== undefined && value !== "") return value;
  if (fallback !== undefined && depth < MAX_DEPTH) return replace(fallback, environment, problems, depth + 1);
  if (fallback !== undefined) {
    problems.push({ message: `The default of ${name} is nested more than ${MAX_DEPTH} deep`, remedy: "write it flat" });
    return "";
  }
  if (value === undefined) {
    problems.push({
      message: `The environment variable ${name} is not set`,
      remedy: `set it, or give a default: \${${name}:value}`,
    });
  }
  return value ?? "";
}

/** Where the brace opened before `from` closes, or -1. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith("${", i)) depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return -1;
}

const ESCAPE = `write \${NAME} or \${NAME:default}; for the characters themselves write $\${`;
