import { capturesOf, checkPattern } from "./pattern-check.ts";
import { CHANGEABLE_VARIABLES, isRequestVariable } from "./request-variables.ts";
import { resolveCondition } from "./resolve-conditions.ts";
import { checkLine } from "./resolve-options.ts";
import type { RouteContext } from "./route-context.ts";
import type { RouteConfig, RuleConfig } from "./route-model.ts";
import type { RouteSettings, RuleSettings } from "./route-schema.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";

const KINDS = ["rewrite", "set", "when", "return", "break"] as const;

/** Which other keys belong to each kind of rule. */
const KEYS: Readonly<Record<(typeof KINDS)[number], readonly (keyof RuleSettings)[]>> = {
  rewrite: ["ignore_case", "to", "flag"],
  set: ["to"],
  when: ["rules", "route"],
  return: ["to", "body"],
  break: [],
};
const OTHERS = ["ignore_case", "to", "flag", "rules", "route", "body"] as const;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Resolves the route that a `when` answers by; null at a site, whose rules stand in no route. */
export type ResolveInner = ((route: RouteSettings, at: Path) => RouteConfig | null) | null;

export function resolveRules(
  rules: readonly RuleSettings[] | undefined,
  at: Path,
  context: RouteContext,
  inner: ResolveInner,
): readonly RuleConfig[] {
  return (rules ?? []).flatMap((rule, index) => resolveRule(rule, [...at, index], context, inner) ?? []);
}

function resolveRule(rule: RuleSettings, at: Path, context: RouteContext, inner: ResolveInner): RuleConfig | null {
  const { problems } = context;
  const kinds = KINDS.filter((kind) => rule[kind] !== undefined && rule[kind] !== false);
  const [kind, second] = kinds;
  if (kind === undefined || second !== undefined) {
    problems.error(
      second === undefined ? at : [...at, second],
      second === undefined ? "this rule does nothing" : `${kinds.join(" and ")} exclude each other`,
      { at: "key", remedy: `give it one of ${KINDS.join(", ")}` },
    );
    return null;
  }
  for (const key of OTHERS)
    if (rule[key] !== undefined && !KEYS[kind].includes(key))
      problems.error([...at, key], `a rule with ${kind} has no ${key}`, { at: "key" });
  if (rule.rewrite !== undefined) return resolveRewrite(rule, rule.rewrite, at, context);
  if (rule.set !== undefined) return resolveSet(rule, rule.set, at, context);
  if (rule.return !== undefined) return resolveReturn(rule, rule.return, at, context);
  return rule.when === undefined ? { kind: "break" } : resolveWhen(rule, rule.when, at, context, inner);
}

function resolveRewrite(rule: RuleSettings, written: string, at: Path, context: RouteContext): RuleConfig {
  const pattern = checkPattern(written, [...at, "rewrite"], "path", context.problems);
  const { count } = capturesOf(pattern);
  const to = need(rule.to, "what the path becomes", at, {
    ...context,
    captures: Math.max(context.captures, count),
  });
  return { kind: "rewrite", pattern, ignoreCase: rule.ignore_case ?? false, to, flag: rule.flag ?? "continue" };
}

function resolveSet(rule: RuleSettings, name: string, at: Path, context: RouteContext): RuleConfig {
  if (isRequestVariable(name) && !CHANGEABLE_VARIABLES.has(name))
    context.problems.error([...at, "set"], `{${name}} is the request's own variable and can't be set`, {
      remedy: `choose another name; only ${[...CHANGEABLE_VARIABLES].join(", ")} can be changed`,
    });
  return { kind: "set", name, value: need(rule.to, "the value", at, context) };
}

function need(to: string | undefined, what: string, at: Path, scope: TemplateScope): string {
  if (to === undefined) scope.problems.error([...at, "to"], `missing: expected ${what}`);
  return checkTemplate(to ?? "", [...at, "to"], scope);
}

function resolveReturn(rule: RuleSettings, status: number, at: Path, context: RouteContext): RuleConfig {
  const { problems } = context;
  const redirects = REDIRECTS.has(status);
  if (redirects) {
    const to = need(rule.to, `where a ${status} leads`, at, context);
    if (rule.to !== undefined) checkLine(to, [...at, "to"], context);
    if (rule.body !== undefined)
      problems.error([...at, "body"], `an answer with status ${status} has to in place of body`, { at: "key" });
    return { kind: "return", status, text: to };
  }
  if (rule.to !== undefined)
    problems.error([...at, "to"], `an answer with status ${status} leads nowhere`, { at: "key", remedy: "write body" });
  if (rule.body !== undefined && (status === 204 || status === 304))
    problems.error([...at, "body"], `an answer with status ${status} has no body`);
  return {
    kind: "return",
    status,
    text: rule.body === undefined ? null : checkTemplate(rule.body, [...at, "body"], context),
  };
}

function resolveWhen(
  rule: RuleSettings,
  when: NonNullable<RuleSettings["when"]>,
  at: Path,
  context: RouteContext,
  inner: ResolveInner,
): RuleConfig | null {
  const condition = resolveCondition(when, [...at, "when"], context);
  const rules = resolveRules(rule.rules, [...at, "rules"], context, inner);
  if (rule.route !== undefined && inner === null)
    context.problems.error([...at, "route"], "rules of a site stand in no route that could be replaced", {
      at: "key",
      remedy: "move the rule into a route, or rewrite with flag: last",
    });
  const route = rule.route === undefined || inner === null ? null : inner(rule.route, [...at, "route"]);
  if (rule.rules === undefined && rule.route === undefined)
    context.problems.error(at, "nothing is done when this holds", { at: "key", remedy: "give it rules or a route" });
  return condition === null ? null : { kind: "when", condition, rules, route };
}
