import { closest } from "../base/did-you-mean.ts";
import type { Problems } from "./problems.ts";
import { isRequestVariable, REQUEST_VARIABLES } from "./request-variables.ts";
import type { Path } from "./sourced.ts";
import { parseTemplate } from "./template.ts";

/** What a template may name besides the variables of the request. */
export interface TemplateScope {
  /** Of `variables`, of rules that set, and of named captures. */
  readonly names: ReadonlySet<string>;
  /** How many numbered captures there are: `{1}` to `{captures}`; `{0}` is the whole of what matched. */
  readonly captures: number;
  readonly problems: Problems;
}

/** Adds a problem for each variable that nothing gives a value to. Returns the template. */
export function checkTemplate(template: string, at: Path, scope: TemplateScope): string {
  for (const part of parseTemplate(template)) {
    if (part.kind !== "variable") continue;
    const { name } = part;
    if (/^\d+$/.test(name)) checkCapture(name, at, scope);
    else if (!scope.names.has(name) && !isRequestVariable(name)) {
      const nearest = closest(name, [...scope.names, ...REQUEST_VARIABLES]);
      scope.problems.error(at, `there is no variable {${name}}`, {
        remedy: nearest === null ? `write {{${name}}} for the text {${name}}` : `did you mean {${nearest}}?`,
        with: [["variables", name]],
      });
    }
  }
  return template;
}

/** The same for a template that may be left out. */
export function checkOptionalTemplate(template: string | undefined, at: Path, scope: TemplateScope): string | null {
  return template === undefined ? null : checkTemplate(template, at, scope);
}

function checkCapture(name: string, at: Path, { captures, problems }: TemplateScope): void {
  if (Number(name) <= captures && (captures > 0 || name !== "0")) return;
  const count = captures === 1 ? "1 group" : `${captures} groups`;
  problems.error(
    at,
    captures === 0
      ? `no regular expression gives {${name}} a value`
      : `there is no capture {${name}}: the regular expressions have ${count} at most`,
    { remedy: `use a group (...) of a regex, or write {{${name}}} for the text {${name}}` },
  );
}
