import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { prepareEnvironment } from "../../src/process/environment.ts";
import { type Answer, folder, type Instance, start } from "../support/instance.ts";

const EXAMPLE = path.join(import.meta.dirname, "..", "..", "examples", "person");

async function person(t: TestContext): Promise<Instance> {
  const prepared = await prepareEnvironment(EXAMPLE, (line) => process.stderr.write(`${line}\n`));
  const cwd = folder(t);
  fs.cpSync(EXAMPLE, cwd, { recursive: true, filter: (name) => !/\.venv|\.db|__pycache__/.test(name) });
  return start(t, ["run", "--listen", "127.0.0.1:0", "--python", prepared!.python], { cwd });
}

const json = (body: unknown) => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const parse = (answer: Answer) => JSON.parse(answer.body) as Record<string, unknown>;

test("the API lists, adds, changes and deletes people", async (t) => {
  const app = await person(t);
  const all = await app.get("/api/all/");
  assert.equal(all.status, 200);
  assert.equal((JSON.parse(all.body) as unknown[]).length, 3);
  const added = await app.get("/api/person", {
    method: "POST",
    ...json({ name: "New Person", email: "new@example.org" }),
  });
  assert.equal(added.status, 201);
  const { id } = parse(added);
  assert.equal(added.headers.location, `/api/person/${id}`);
  const changed = await app.get("/api/person", { method: "PUT", ...json({ id, phone: "123" }) });
  assert.equal(changed.status, 200);
  assert.deepEqual(parse(await app.get(`/api/person/${id}`)), {
    id,
    name: "New Person",
    address: "",
    phone: "123",
    email: "new@example.org",
    birthday: "",
  });
  assert.equal((await app.get(`/api/person/${id}`, { method: "DELETE" })).status, 204);
  assert.equal((await app.get(`/api/person/${id}`)).status, 404);
});

test("bad input is answered with a reason that names the field", async (t) => {
  const app = await person(t);
  const post = (body: unknown) => app.get("/api/person", { method: "POST", ...json(body) });
  for (const [body, field] of [
    [{}, "name"],
    [{ name: 7 }, "name"],
    [{ name: "x".repeat(101) }, "name"],
    [{ name: "a", email: "nowhere" }, "email"],
    [{ name: "a", birthday: "2001-02-30" }, "birthday"],
    [{ name: "a", birthday: "9999-01-01" }, "birthday"],
    [{ name: "a", phone: "call me" }, "phone"],
    [{ name: "a", shoe: "42" }, "shoe"],
    [[], "body"],
  ] as const) {
    const answer = await post(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.ok(field in (parse(answer)["fields"] as object), `${answer.body} does not name ${field}`);
  }
  assert.equal(
    (await app.get("/api/person", { method: "POST", headers: { "content-type": "application/json" }, body: "{" }))
      .status,
    400,
  );
  assert.equal((await app.get("/api/person", { method: "PUT", ...json({ id: 99999 }) })).status, 404);
  assert.equal((await app.get("/api/person/99999999999999999999")).status, 404);
  const refused = await app.get("/api/person", { method: "PATCH" });
  assert.equal(refused.status, 405);
  assert.match(refused.headers.allow!, /POST/);
  assert.equal(parse(refused)["error"], "method not allowed");
});

test("the page's forms add, edit and delete, and refuse what comes from elsewhere", async (t) => {
  const app = await person(t);
  const form = (fields: Record<string, string>, cookie: string) => ({
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", cookie },
    body: new URLSearchParams(fields).toString(),
  });
  const page = await app.get("/add");
  const cookie = page.headers["set-cookie"]![0]!.split(";")[0]!;
  const token = /name="token" value="([^"]+)"/.exec(page.body)![1]!;
  assert.equal((await app.get("/add", form({ name: "Forged" }, cookie))).status, 400);
  assert.equal((await app.get("/add", form({ name: "Form <b>Person", token }, cookie))).status, 302);
  const list = (await app.get("/")).body;
  assert.match(list, /Form &lt;b&gt;Person/);
  assert.doesNotMatch(list, /Forged/);
  const bad = await app.get("/add", form({ name: "", email: "x", token }, cookie));
  assert.equal(bad.status, 400);
  assert.match(bad.body, /Name is required[\s\S]*E-mail is an address/);
  const id = /edit\/(\d+)" aria-label="Edit Form/.exec(list)![1]!;
  assert.equal((await app.get(`/edit/${id}`, form({ name: "Renamed", token }, cookie))).status, 302);
  assert.match((await app.get("/")).body, /Renamed/);
  assert.equal((await app.get(`/delete/${id}`, form({ token }, cookie))).status, 302);
  assert.doesNotMatch((await app.get("/")).body, /Renamed/);
  const style = await app.get("/static/style.css");
  assert.equal(style.status, 200);
  assert.equal(style.headers["content-type"], "text/css; charset=utf-8");
});

test("several workers write to the one database at once, and nothing is lost", async (t) => {
  const app = await person(t);
  const added = await Promise.all(
    Array.from({ length: 200 }, (_, i) => app.get("/api/person", { method: "POST", ...json({ name: `Person ${i}` }) })),
  );
  for (const answer of added) assert.equal(answer.status, 201);
  const names = (JSON.parse((await app.get("/api/all/")).body) as { name: string }[]).map(({ name }) => name);
  for (let i = 0; i < 200; i++) assert.ok(names.includes(`Person ${i}`));
});
