/**
 * The text with its control characters shown instead of sent, line feeds and tabs excepted: what an app says in an error or
 * a stack must not drive the terminal of who reads it (CWE-150).
 */
export function printable(text: string): string {
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
