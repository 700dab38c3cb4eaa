/**
 * The value of what stands between the parentheses of `%(...)`: an option's value, or values and numbers joined or reckoned with
 * from left to right (`%(base + 1)`, `%(workers ++)`). null: there is no such option.
 */
export function placeholder(text: string, option: (name: string) => string | null | undefined): string | null {
  if (!text.includes(" ")) return option(text) ?? null;
  let result = "";
  let operator = "";
  for (const word of text.split(" ").filter(Boolean)) {
    if (OPERATORS.has(word)) {
      operator = word;
      continue;
    }
    if (word === "++" || word === "--") {
      result = String(whole(result) + (word === "++" ? 1n : -1n));
      continue;
    }
    const value = /^-?\d+$/.test(word) ? word : (option(word) ?? "");
    result = operator === "" ? result + value : reckon(whole(result), operator, whole(value));
    operator = "";
  }
  return result;
}

// --- internal ---

const OPERATORS = new Set(["+", "-", "*", "/"]);

function whole(text: string): bigint {
  return BigInt(/^\s*-?\d+/.exec(text)?.[0].trim() ?? "0");
}

function reckon(left: bigint, operator: string, right: bigint): string {
  if (operator === "+") return String(left + right);
  if (operator === "-") return String(left - right);
  if (operator === "*") return String(left * right);
  return String(right === 0n ? 0n : left / right);
}
