import { rangeProblem } from "./address-range.ts";
import { capturesOf, checkPattern } from "./pattern-check.ts";
import { isRequestVariable } from "./request-variables.ts";
import type { ResolveContext } from "./resolve-app.ts";
import type { VariableConfig } from "./route-model.ts";
import type { Path } from "./sourced.ts";
import { parseTemplate } from "./template.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";
import type { VariableSettings } from "./variables-schema.ts";

type Context = ResolveContext & Pick<TemplateScope, "names">;

/** What is looked up in the middle of a request may name captures of whatever matched before: at most nine, as in NGINX. */
const ANY_CAPTURES = 9;

export function resolveVariables(
  settings: Readonly<Record<string, VariableSettings>>,
  context: Context,
): Readonly<Record<string, VariableConfig>> {
  const entries = Object.entries(settings).map(
    ([name, variable]) => [name, resolveVariable(name, variable, ["variables", name], context)] as const,
  );
  const resolved = new Map(entries);
  for (const name of resolved.keys()) checkCircle(name, resolved, context);
  return Object.fromEntries(entries);
}

function resolveVariable(name: string, settings: VariableSettings, at: Path, context: Context): VariableConfig {
  const { problems } = context;
  if (isRequestVariable(name))
    problems.error(at, `{${name}} is the request's own variable`, { at: "key", remedy: "choose another name" });
  const scope: TemplateScope = { ...context, captures: ANY_CAPTURES };
  if (settings.from === undefined && settings.networks === undefined)
    problems.error([...at, "from"], "missing: expected what is looked up");
  for (const network of Object.keys(settings.networks ?? {})) {
    const problem = rangeProblem(network);
    if (problem !== null)
      problems.error([...at, "networks", network], problem, { at: "key", remedy: "write 10.0.0.0/8 or 192.0.2.1" });
  }
  return {
    from: checkTemplate(settings.from ?? "{remote_addr}", [...at, "from"], scope),
    values: checkValues(settings.values, [...at, "values"], scope),
    hosts: settings.hosts,
    patterns: (settings.patterns ?? []).map(({ match, ignore_case, value }, index) => {
      const here = [...at, "patterns", index];
      const pattern = checkPattern(match, [...here, "match"], "value", problems);
      const captures = Math.max(ANY_CAPTURES, capturesOf(match).count);
      return {
        pattern,
        ignoreCase: ignore_case,
        value: checkTemplate(value, [...here, "value"], { ...scope, captures }),
      };
    }),
    networks: checkValues(settings.networks, [...at, "networks"], scope),
    shares: resolveShares(settings.shares ?? [], [...at, "shares"], scope),
    default: checkTemplate(settings.default, [...at, "default"], scope),
  };
}

function resolveShares(
  shares: NonNullable<VariableSettings["shares"]>,
  at: Path,
  scope: TemplateScope,
): VariableConfig["shares"] {
  const sum = shares.reduce((total, { share }) => total + Math.round(share * 100), 0) / 100;
  if (sum > 100)
    scope.problems.error(at, `the shares are ${sum}% together`, {
      remedy: "give each a part of 100%; `default` has what is left",
    });
  return shares.map(({ share, value }, index) => ({
    share,
    value: checkTemplate(value, [...at, index, "value"], scope),
  }));
}

function checkValues(
  values: Readonly<Record<string, string>> | undefined,
  at: Path,
  scope: TemplateScope,
): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(values ?? {})) checkTemplate(value, [...at, key], scope);
  return values ?? {};
}

/** A variable that needs itself would be looked up for ever. */
function checkCircle(name: string, variables: ReadonlyMap<string, VariableConfig>, { problems }: Context): void {
  const way = wayBack(name, variables);
  if (way !== null)
    problems.error(["variables", name], `to look {${name}} up, {${name}} itself is needed`, {
      at: "key",
      remedy: `the way round is ${[name, ...way].join(" -> ")}`,
    });
}

/** The shortest chain of variables that leads from one back to itself, or null. */
function wayBack(name: string, variables: ReadonlyMap<string, VariableConfig>): readonly string[] | null {
  const seen = new Set<string>();
  let ways: (readonly string[])[] = [[]];
  while (ways.length > 0) {
    const next: (readonly string[])[] = [];
    for (const way of ways) {
      for (const needed of needs(variables.get(way.at(-1) ?? name)!)) {
        if (needed === name) return [...way, needed];
        if (seen.has(needed) || !variables.has(needed)) continue;
        seen.add(needed);
        next.push([...way, needed]);
      }
    }
    ways = next;
  }
  return null;
}

function needs(variable: VariableConfig): readonly string[] {
  const templates = [
    variable.from,
    variable.default,
    ...Object.values(variable.values),
    ...Object.values(variable.networks),
    ...variable.patterns.map(({ value }) => value),
    ...variable.shares.map(({ value }) => value),
  ];
  return templates.flatMap((template) =>
    parseTemplate(template).flatMap((part) => (part.kind === "variable" ? [part.name] : [])),
  );
}
