import type { ConditionSettings } from "./condition-schema.ts";
import type { HeaderRuleConfig } from "./header-model.ts";
import type { RequestHeaderSettings, ResponseHeaderSettings } from "./header-schema.ts";
import { capturesOf, checkPattern } from "./pattern-check.ts";
import { resolveCondition } from "./resolve-conditions.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";

/** Framing and connection fields are the server's own. */
const OWN_FIELDS = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

interface Conditional {
  readonly when?: readonly ConditionSettings[] | undefined;
  readonly always?: boolean | "answers" | undefined;
}
interface Value extends Conditional {
  readonly value: readonly string[];
}
interface Edit extends Conditional {
  readonly matches: string;
  readonly ignore_case: boolean;
  readonly to: string;
  readonly all: boolean;
}
type Values = Readonly<Record<string, Value>>;
type Edits = Readonly<Record<string, readonly Edit[]>>;

/** The changes to a request's fields, in the order in which they are made: remove, set, default, add, edit. */
export function resolveRequestHeaders(
  settings: RequestHeaderSettings,
  at: Path,
  scope: TemplateScope,
): readonly HeaderRuleConfig[] {
  const { set, add, default: missing, edit, remove } = settings;
  if ((remove ?? []).some((name) => name.toLowerCase() === "host"))
    scope.problems.error([...at, "remove"], "a request needs its Host field", {
      remedy: "set it to another value, or leave it as it is",
    });
  return rules({ set: set ?? {}, add: add ?? {}, default: missing ?? {}, edit: edit ?? {} }, remove ?? [], at, scope);
}

/** The same for a response. */
export function resolveResponseHeaders(
  { set, add, default: missing, edit, remove }: ResponseHeaderSettings,
  at: Path,
  scope: TemplateScope,
): readonly HeaderRuleConfig[] {
  return rules({ set: set ?? {}, add: add ?? {}, default: missing ?? {}, edit: edit ?? {} }, remove ?? [], at, scope);
}

/** Adds a problem for a field that the server itself has to write. */
export function checkFieldName(name: string, at: Path, { problems }: TemplateScope): void {
  if (!OWN_FIELDS.has(name.toLowerCase())) return;
  const forUpgrade = /^(?:connection|upgrade)$/i.test(name);
  problems.error(at, "the server writes this field itself", {
    at: "key",
    ...(forUpgrade ? { remedy: "leave it out: upgrades (WebSocket) are passed on as they are" } : {}),
  });
}

function rules(
  fields: { readonly set: Values; readonly add: Values; readonly default: Values; readonly edit: Edits },
  remove: readonly string[],
  at: Path,
  scope: TemplateScope,
): readonly HeaderRuleConfig[] {
  for (const name of remove) checkFieldName(name, [...at, "remove"], scope);
  return [
    ...remove.map((name) => ({ operation: "remove", name, value: "", always: true }) as const),
    ...fieldRules("set", fields.set, at, scope),
    ...fieldRules("default", fields.default, at, scope),
    ...fieldRules("add", fields.add, at, scope),
    ...editRules(fields.edit, at, scope),
  ];
}

function fieldRules(
  operation: "set" | "add" | "default",
  fields: Values,
  at: Path,
  scope: TemplateScope,
): readonly HeaderRuleConfig[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const where = [...at, operation, name];
    checkFieldName(name, where, scope);
    for (const value of field.value) checkTemplate(value, where, scope);
    const sent = sentWhen(field, where, scope);
    // Of several values, the first replaces what was there and the others stand beside it.
    return field.value.map((value, index) => ({
      operation: index === 0 ? operation : ("add" as const),
      name,
      value,
      ...sent,
    }));
  });
}

function editRules(edits: Edits, at: Path, scope: TemplateScope): readonly HeaderRuleConfig[] {
  return Object.entries(edits).flatMap(([name, list]) => {
    const where = [...at, "edit", name];
    checkFieldName(name, where, scope);
    return list.map((edit): HeaderRuleConfig => {
      const source = checkPattern(edit.matches, [...where, "matches"], "value", scope.problems);
      const captures = Math.max(scope.captures, capturesOf(source).count);
      const value = checkTemplate(edit.to, [...where, "to"], { ...scope, captures });
      const pattern = { source, ignoreCase: edit.ignore_case, all: edit.all };
      return { operation: "edit", name, value, pattern, ...sentWhen(edit, where, scope) };
    });
  });
}

/** On which answers, and under which conditions. */
function sentWhen(
  { always = true, when = [] }: Conditional,
  at: Path,
  scope: TemplateScope,
): Pick<HeaderRuleConfig, "always" | "answersOnly" | "when"> {
  const conditions = when.flatMap((condition) => resolveCondition(condition, [...at, "when"], scope) ?? []);
  return {
    always: always !== false,
    ...(always === "answers" ? { answersOnly: true } : {}),
    ...(conditions.length === 0 ? {} : { when: conditions }),
  };
}
