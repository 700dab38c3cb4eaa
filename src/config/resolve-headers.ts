import type { HeaderRuleConfig } from "./header-model.ts";
import type { RequestHeaderSettings, ResponseHeaderSettings } from "./header-schema.ts";
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

interface Value {
  readonly value: readonly string[];
  readonly always: boolean;
}
type Values = Readonly<Record<string, Value>>;

/** The changes to a request's fields, in the order in which they are made: remove, set, default, add. */
export function resolveRequestHeaders(
  settings: RequestHeaderSettings,
  at: Path,
  scope: TemplateScope,
): readonly HeaderRuleConfig[] {
  const alwaysSent = (fields: Readonly<Record<string, readonly string[]>> | undefined): Values =>
    Object.fromEntries(Object.entries(fields ?? {}).map(([name, value]) => [name, { value, always: true }]));
  const { set, add, default: missing, remove } = settings;
  if ((remove ?? []).some((name) => name.toLowerCase() === "host"))
    scope.problems.error([...at, "remove"], "a request needs its Host field", {
      remedy: "set it to another value, or leave it as it is",
    });
  return rules({ set: alwaysSent(set), add: alwaysSent(add), default: alwaysSent(missing) }, remove ?? [], at, scope);
}

/** The same for a response. */
export function resolveResponseHeaders(
  { set, add, default: missing, remove }: ResponseHeaderSettings,
  at: Path,
  scope: TemplateScope,
): readonly HeaderRuleConfig[] {
  return rules({ set: set ?? {}, add: add ?? {}, default: missing ?? {} }, remove ?? [], at, scope);
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
  fields: { readonly set: Values; readonly add: Values; readonly default: Values },
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
  ];
}

function fieldRules(
  operation: "set" | "add" | "default",
  fields: Values,
  at: Path,
  scope: TemplateScope,
): readonly HeaderRuleConfig[] {
  return Object.entries(fields).flatMap(([name, { value: values, always }]) => {
    const where = [...at, operation, name];
    checkFieldName(name, where, scope);
    for (const value of values) checkTemplate(value, where, scope);
    // Of several values, the first replaces what was there and the others stand beside it.
    return values.map((value, index) => ({
      operation: index === 0 ? operation : ("add" as const),
      name,
      value,
      always,
    }));
  });
}
