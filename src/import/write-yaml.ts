import { stringify } from "yaml";
import { describePlace } from "../base/errors.ts";
import type { Imported } from "./import.ts";
import { summary } from "./report.ts";

/**
 * The propylon.yaml of an import. What a person should know stands in comments: first what needs a decision, then what
 * differs, what has no effect here, and what was linked.
 */
export function writeYaml(imported: Imported): string {
  const head = [
    "Made by propylon import.",
    summary(imported),
    ...section("To be decided", imported, "needs-a-decision"),
    ...section("Differs", imported, "approximated"),
    ...section("Without effect here", imported, "ignored"),
    ...(imported.notes.length === 0 ? [] : ["", "Notes:", ...imported.notes.map((note) => `- ${note}`)]),
  ];
  const comment = head.map((line) => (line === "" ? "#" : `# ${line.replace(/[\x00-\x1f\x7f]/g, " ")}`)).join("\n");
  return `${comment}\n\n${stringify(imported.settings, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function section(title: string, { directives }: Imported, verdict: string): readonly string[] {
  const lines = directives
    .filter((directive) => directive.verdict === verdict)
    .map(({ place, name, note }) => `- ${describePlace(place)}: ${name}${note === "" ? "" : `: ${note}`}`);
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines];
}
