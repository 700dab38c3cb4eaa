import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { run, until } from "../support/instance.ts";
import { example } from "./example.ts";

test("in production one port has the app, its files, the security headers and the page for errors", async (t) => {
  const { cwd, serve } = await example(t, "person");
  const app = serve(["run", "--profile", "production"]);
  const page = fs.readFileSync(path.join(cwd, "50x.html"), "utf8");
  const secured = async (target: string, status: number): Promise<string> => {
    const answer = await app.get(target);
    assert.equal(answer.status, status, target);
    assert.equal(answer.headers["x-frame-options"], "DENY", target);
    assert.equal(answer.headers["x-content-type-options"], "nosniff", target);
    assert.equal(answer.headers["referrer-policy"], "same-origin", target);
    return answer.body;
  };
  assert.match(await secured("/", 200), /Ada Example/);
  assert.match(await secured("/static/style.css", 200), /body/);
  await secured("/static/nothing.css", 404);
  // What the app says itself stays its own.
  assert.notEqual(await secured("/api/person/99999", 404), page);

  assert.equal((await run(["stop", "person"], cwd)).code, 0);
  assert.equal(await secured("/", 503), page);
  assert.match(await secured("/static/style.css", 200), /body/);
  assert.equal((await run(["start", "person"], cwd)).code, 0);
  assert.match(await secured("/", 200), /Ada Example/);
  await until(() => /"GET \/static\/style\.css HTTP\/1\.1" 200/.test(app.output.out));
});
