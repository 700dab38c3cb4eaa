import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { readUwsgi } from "../../src/import/uwsgi/read.ts";
import { readCorpus, skipCorpus } from "./corpus.ts";

test("of public uWSGI configurations 95 % of the options are settled, 80 % mapped or approximated", {
  skip: skipCorpus,
}, () => {
  const { files, refused, counts, directives } = readCorpus("uwsgi", "uwsgi", readUwsgi);
  assert.ok(files > 50);
  assert.deepEqual(refused, []);
  const share = (...verdicts: readonly (keyof typeof counts)[]): number =>
    verdicts.reduce((sum, verdict) => sum + counts[verdict], 0) / directives.length;
  process.stdout.write(`# ${files} files, ${directives.length} options: ${JSON.stringify(counts)}\n`);
  assert.ok(share("needs-a-decision") <= 0.05, `${share("needs-a-decision")} need a decision`);
  assert.ok(share("mapped", "approximated") >= 0.8, `${share("mapped", "approximated")} mapped or approximated`);
  for (const { name, verdict, note } of directives)
    assert.ok(verdict === "mapped" || note !== "", `${name} is ${verdict} without a reason`);
});

test("every line of public uWSGI configurations that holds an option is accounted for", { skip: skipCorpus }, () => {
  const { directives } = readCorpus("uwsgi", "uwsgi", readUwsgi);
  const told = new Set(directives.map(({ place }) => `${place.file}:${place.line}`));
  const files = new Set(directives.map(({ place }) => place.file));
  for (const file of files) {
    const missed = fs
      .readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, index) => (isOption(line, file) && !told.has(`${file}:${index + 1}`) ? [index + 1] : []));
    assert.deepEqual(missed, [], `lines of ${file}`);
  }
});

/** What is no comment, section or empty line; in XML an element, except for what is written inside of `<app>`. */
function isOption(line: string, file: string): boolean {
  const text = line.trim();
  if (file.endsWith(".xml")) return /^<(?!!|\/|uwsgi>|script>)/.test(text);
  return text !== "" && !/^[;#[]/.test(text) && !/^uwsgi:$/.test(text);
}
