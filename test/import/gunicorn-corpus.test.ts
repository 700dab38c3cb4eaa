import assert from "node:assert/strict";
import { test } from "node:test";
import { readGunicorn } from "../../src/import/gunicorn/read.ts";
import { readCorpus, skipCorpus } from "./corpus.ts";

test("of public gunicorn.conf.py files seven of eight settings need no decision", {
  skip: skipCorpus,
}, () => {
  const { files, refused, counts, directives } = readCorpus(
    "gunicorn",
    "gunicorn",
    readGunicorn,
    (name) => !name.endsWith("Procfile"),
  );
  assert.ok(files > 10);
  assert.deepEqual(refused, []);
  // Names of a file's own are Python, not settings of Gunicorn.
  const settings = directives.filter(({ note }) => !note.startsWith("it is a name of the file's own"));
  const share = (verdict: keyof typeof counts): number =>
    settings.filter((one) => one.verdict === verdict).length / settings.length;
  process.stdout.write(`# ${files} files, ${settings.length} settings: ${JSON.stringify(counts)}\n`);
  // One file takes every setting from a function of its own, which only running it would tell.
  assert.ok(share("needs-a-decision") <= 0.125, `${share("needs-a-decision")}`);
});
