/** A piece of a template: text as it is, or the name of a variable. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string };

const PLACEHOLDER = /\{\{(\w+)\}\}|\{(\w+)\}/g;

/**
 * Takes a template apart: `{name}` is a variable, `{{name}}` the text `{name}`, and all else is text, so that
 * `body{color: red}` and `{"a": 1}` need no care. No two texts stand beside each other, and none is empty.
 */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = "";
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    text += template.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[1] !== undefined) {
      text += `{${match[1]}}`;
      continue;
    }
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
    parts.push({ kind: "variable", name: match[2]! });
  }
  text += template.slice(end);
  if (text !== "") parts.push({ kind: "text", text });
  return parts;
}

/** The text of a template without variables, or null when it has some. */
export function plainText(template: string): string | null {
  const parts = parseTemplate(template);
  const [only] = parts;
  if (only === undefined) return "";
  return parts.length === 1 && only.kind === "text" ? only.text : null;
}

/** The text that a template begins with, before its first variable. */
export function leadingText(template: string): string {
  const [first] = parseTemplate(template);
  return first?.kind === "text" ? first.text : "";
}
