import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, HELLO, start } from "../support/instance.ts";

test("steps that end as soon as they have begun are done, however many start at once", async (t) => {
  const steps = Array.from({ length: 24 }, (_, number) => `step${number}`);
  const cwd = folder(t, { "app.py": HELLO });
  const settings = {
    listeners: ["127.0.0.1:0"],
    apps: { web: { wsgi: "app:app", workers: 1, after: Object.fromEntries(steps.map((name) => [name, "done"])) } },
    programs: Object.fromEntries(steps.map((name) => [name, { command: "true", once: true }])),
  };
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), JSON.stringify(settings));
  const instance = start(t, ["run"], { cwd });
  assert.equal((await instance.get("/")).status, 200);
  assert.doesNotMatch(instance.output.err, /failed/);
});
