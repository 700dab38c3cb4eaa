import type { Config } from "../config/model.ts";
import type { GivenNames } from "../template/template.ts";

/** Every name that a rule of the configuration sets, and every group that one of its patterns captures by name. */
export function givenNames(config: Config): GivenNames {
  const set = new Set<string>();
  const captured = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === "object" && value !== null) {
      const section = value as Record<string, unknown>;
      if (section["kind"] === "set") set.add(String(section["name"]));
      if (section["refusal"] !== undefined) for (const name of Object.keys(section["set"] ?? {})) set.add(name);
      if (typeof section["pattern"] === "string") addGroups(section["pattern"], captured);
      for (const item of Object.values(section)) visit(item);
    }
  };
  visit([config.sites, config.variables]);
  for (const { hosts } of config.sites)
    for (const host of hosts) if (host.startsWith("~")) addGroups(host.slice(1), captured);
  return { set, captured };
}

function addGroups(pattern: string, names: Set<string>): void {
  for (const match of pattern.matchAll(/\(\?<([A-Za-z_]\w*)>/g)) names.add(match[1]!);
}
