import { ignored, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { expandValue } from "./expand.ts";
import type { IniSection } from "./ini.ts";
import type { SupervisedProcess } from "./layout.ts";
import { readInteger } from "./values.ts";

/** The `[group:x]` sections. */
export interface Groups {
  /** The group of a program: its own name where no group lists it. */
  of(program: string): string;
  /** The group's priority, or null for a program that is its own group. */
  priority(group: string): number | null;
}

const DEFAULT_PRIORITY = 999;

export function readGroups(
  sections: readonly IniSection[],
  names: Readonly<Record<string, string>>,
  ledger: Ledger,
): Groups {
  const groupOf = new Map<string, string>();
  const priorities = new Map<string, number>();
  const programs = new Set(
    sections
      .filter(({ name }) => /^(?:program|fcgi-program):/.test(name))
      .map(({ name }) => name.split(":")[1]!.trim()),
  );
  for (const section of sections.filter(({ name }) => name.startsWith("group:"))) {
    const group = section.name.slice("group:".length).trim();
    priorities.set(group, DEFAULT_PRIORITY);
    ledger.say(section.place, `[${section.name}]`, mapped("its programs are named through it by supervisorctl"));
    for (const option of section.options) {
      const { text } = expandValue(option.value, names);
      const members = text.split(/[\s,]+/).filter((member) => member !== "");
      if (option.key === "programs") for (const member of members) groupOf.set(member, group);
      if (option.key === "priority") priorities.set(group, readInteger(text) ?? DEFAULT_PRIORITY);
      ledger.say(option.place, option.name, outcome(option.key, text, members, programs));
    }
  }
  return {
    of: (program) => groupOf.get(program) ?? program,
    priority: (group) => priorities.get(group) ?? null,
  };
}

/** Groups start in the order of their priorities, and programs within them in theirs: here one number says both. */
export function orderPrograms(programs: Plain, processes: readonly SupervisedProcess[], groups: Groups): void {
  if (!processes.some(({ group }) => groups.priority(group) !== null)) return;
  const ranked = Object.keys(programs).map((name) => {
    const own = Number((programs[name] as Plain)["priority"] ?? DEFAULT_PRIORITY);
    const group = processes.find(({ program }) => program === name)?.group ?? name;
    return { name, group: groups.priority(group) ?? own, own };
  });
  const ranks = [...new Set(ranked.map(rankOf))].sort(compareRanks);
  if (ranks.length < 2) return;
  for (const entry of ranked) (programs[entry.name] as Plain)["priority"] = (ranks.indexOf(rankOf(entry)) + 1) * 10;
}

// --- internal ---

function outcome(key: string, text: string, members: readonly string[], programs: ReadonlySet<string>): Outcome {
  if (key === "priority")
    return readInteger(text) === null
      ? undecided(`"${text}" is no whole number`)
      : mapped("programs have numbers that keep the order of groups and of programs in them");
  if (key !== "programs") return ignored("supervisor has no such setting and passes over it");
  const missing = members.filter((member) => !programs.has(member));
  return missing.length === 0
    ? mapped()
    : undecided(`there is no program ${missing.join(", ")}, and supervisord would not start`);
}

function rankOf({ group, own }: { readonly group: number; readonly own: number }): string {
  return `${group} ${own}`;
}

function compareRanks(a: string, b: string): number {
  const [groupA, ownA] = a.split(" ").map(Number);
  const [groupB, ownB] = b.split(" ").map(Number);
  return groupA! - groupB! || ownA! - ownB!;
}
