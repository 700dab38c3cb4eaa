import { checkRange } from "./check-range.ts";
import type { ConditionConfig } from "./condition-model.ts";
import type { ConditionSettings } from "./condition-schema.ts";
import { checkPattern } from "./pattern-check.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";

const SUBJECTS = ["value", "header", "query", "client", "file", "directory", "exists", "executable"] as const;
const PATHS = ["file", "directory", "exists", "executable"] as const;

/** A condition, or null where it can't be told what it asks. */
export function resolveCondition(settings: ConditionSettings, at: Path, scope: TemplateScope): ConditionConfig | null {
  const { problems } = scope;
  const subjects = SUBJECTS.filter((key) => settings[key] !== undefined);
  if (subjects.length !== 1) {
    const [, second] = subjects;
    problems.error(
      second === undefined ? at : [...at, second],
      second === undefined ? "this condition looks at nothing" : `${subjects.join(" and ")} exclude each other`,
      { at: "key", remedy: `give it one of ${SUBJECTS.join(", ")}` },
    );
    return null;
  }
  const { not, client } = settings;
  const path = PATHS.find((key) => settings[key] !== undefined);
  if (client !== undefined || path !== undefined) {
    for (const key of ["matches", "equals", "ignore_case"] as const)
      if (settings[key] !== undefined)
        problems.error([...at, key], `only value, header and query have ${key}`, { at: "key" });
  }
  if (client !== undefined) {
    const ranges = client.map((range) => checkRange(range, [...at, "client"], scope, false));
    return { kind: "client", ranges, not };
  }
  if (path !== undefined) return { kind: path, path: checkTemplate(settings[path]!, [...at, path], scope), not };
  return resolveComparison(settings, at, scope);
}

function resolveComparison(settings: ConditionSettings, at: Path, scope: TemplateScope): ConditionConfig {
  const { matches, equals, not, header, query } = settings;
  const value =
    header !== undefined
      ? `{http_${header.toLowerCase().replaceAll("-", "_")}}`
      : query !== undefined
        ? `{arg_${query}}`
        : checkTemplate(settings.value!, [...at, "value"], scope);
  if (matches !== undefined && equals !== undefined)
    scope.problems.error([...at, "equals"], "matches and equals exclude each other", {
      at: "key",
      remedy: "keep one of them",
    });
  if (settings.ignore_case !== undefined && matches === undefined)
    scope.problems.error([...at, "ignore_case"], "only matches has ignore_case", { at: "key" });
  if (matches !== undefined) {
    const pattern = checkPattern(matches, [...at, "matches"], "value", scope.problems);
    return { kind: "matches", value, pattern, ignoreCase: settings.ignore_case ?? false, not };
  }
  if (equals !== undefined) return { kind: "equals", value, to: checkTemplate(equals, [...at, "equals"], scope), not };
  // `0` is a value that a header or a parameter can have.
  return settings.value === undefined
    ? { kind: "matches", value, pattern: "[^]", ignoreCase: false, not }
    : { kind: "true", value, not };
}
