import assert from "node:assert/strict";
import { test } from "node:test";
import { isKnown } from "../../src/import/nginx/directives.ts";
import { readNginx } from "../../src/import/nginx/read.ts";
import type { DirectiveReport } from "../../src/import/reading.ts";
import { machine, publicConfigurations } from "./nginx-machine.ts";

const configurations = publicConfigurations();
const skip = configurations === null ? "no corpora: set PROPYLON_CORPORA to their folder" : false;

test("every configuration of the corpus is read, and each of its directives is accounted for", { skip }, () => {
  for (const [name, text] of Object.entries(configurations!)) {
    const lines = new Set(read(name, text).map(({ place }) => place.line));
    const missed = text.split("\n").flatMap((line, at) => (isDirective(line) && !lines.has(at + 1) ? [at + 1] : []));
    assert.deepEqual(missed, [], `lines of ${name}`);
  }
});

test("of the corpus at least 95 % are settled without a decision, and 80 % mapped or approximated", { skip }, () => {
  const directives = Object.entries(configurations!).flatMap(([name, text]) => read(name, text));
  const share = (...verdicts: readonly string[]): number =>
    directives.filter(({ verdict }) => verdicts.includes(verdict)).length / directives.length;
  if (process.env["PROPYLON_DEBUG"] !== undefined) console.log(table(directives));
  assert.ok(directives.length > 0);
  assert.ok(share("needs-a-decision") <= 0.05, `${share("needs-a-decision")} need a decision`);
  assert.ok(share("mapped", "approximated") >= 0.8, `${share("mapped", "approximated")} mapped or approximated`);
  for (const { name, verdict, note } of directives)
    assert.ok(verdict === "mapped" || note !== "", `${name} is ${verdict} without a reason`);
});

function read(name: string, text: string): readonly DirectiveReport[] {
  return readNginx({ kind: "nginx", form: "file", path: `/etc/nginx/${name}`, text }, machine({})).directives;
}

/** A line that holds one whole statement of a directive's name. */
function isDirective(line: string): boolean {
  const match = /^\s*([a-z]\w+)(?:\s[^#"'$]*)?[;{]\s*$/.exec(line);
  return match !== null && isKnown(match[1]!);
}

/** Counts by name and verdict, the most frequent first. */
function table(directives: readonly DirectiveReport[]): string {
  const counts = new Map<string, Record<string, number>>();
  for (const { name, verdict } of directives) {
    const row = counts.get(name) ?? {};
    counts.set(name, { ...row, [verdict]: (row[verdict] ?? 0) + 1 });
  }
  const total = (row: Record<string, number>): number => Object.values(row).reduce((sum, count) => sum + count, 0);
  const rows = [...counts].sort((a, b) => total(b[1]) - total(a[1]));
  return rows.map(([name, row]) => `${String(total(row)).padStart(5)} ${name} ${JSON.stringify(row)}`).join("\n");
}
