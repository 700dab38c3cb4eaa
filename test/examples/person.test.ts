import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { prepareEnvironment } from "../../src/process/environment.ts";
import { type Answer, ask, folder, type Instance, start } from "../support/instance.ts";

const EXAMPLE = path.join(import.meta.dirname, "..", "..", "examples", "person");

/** The example in a folder of its own, without data, and a Python that has its packages. */
async function example(t: TestContext): Promise<{ python: string; cwd: string }> {
  const prepared = await prepareEnvironment(EXAMPLE, (line) => process.stderr.write(`${line}\n`));
  const cwd = folder(t);
  fs.cpSync(EXAMPLE, cwd, { recursive: true, filter: (name) => !/\.venv|\.db|__pycache__/.test(name) });
  return { python: prepared!.python, cwd };
}

async function person(t: TestContext): Promise<Instance> {
  const { python, cwd } = await example(t);
  return start(t, ["run", "--listen", "127.0.0.1:0", "--python", python], { cwd });
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
    [{ name: "half of a pair \ud800" }, "name"],
    [[], "body"],
  ] as const) {
    const answer = await post(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.ok(field in (parse(answer)["fields"] as object), `${answer.body} does not name ${field}`);
  }
  for (const [type, body] of [
    ["application/json", "{"],
    ["application/json", "[".repeat(60_000)],
    ["text/plain", '{"name": "a"}'],
  ] as const) {
    const answer = await app.get("/api/person", { method: "POST", headers: { "content-type": type }, body });
    assert.equal(answer.status, 400, body.slice(0, 20));
    assert.ok("body" in (parse(answer)["fields"] as object));
  }
  const put = (body: unknown) => app.get("/api/person", { method: "PUT", ...json(body) });
  for (const id of [undefined, "1", 1.5, true]) assert.equal((await put({ id })).status, 400, String(id));
  assert.equal((await put({ id: 1, name: "" })).status, 400);
  assert.equal((await put({ id: 99999 })).status, 404);
  assert.equal((await app.get("/api/person", { method: "POST", ...json({ name: "x".repeat(70_000) }) })).status, 413);
});

test("an unknown id is 404 and a wrong method 405 with Allow, both in JSON", async (t) => {
  const app = await person(t);
  for (const id of ["99999", "99999999999999999999", "0", "-1", "x"]) {
    const answer = await app.get(`/api/person/${id}`);
    assert.equal(answer.status, 404, id);
    assert.equal(parse(answer)["error"], "not found");
  }
  assert.equal((await app.get("/api/person/99999", { method: "DELETE" })).status, 404);
  for (const [method, target, allowed] of [
    ["POST", "/api/all/", "GET"],
    ["PUT", "/api/person/1", "DELETE GET"],
    ["PATCH", "/api/person", "POST PUT"],
  ] as const) {
    const answer = await app.get(target, { method });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers["content-type"], "application/json");
    assert.equal(parse(answer)["error"], "method not allowed");
    const allow = answer.headers.allow!.split(", ").filter((name) => name !== "HEAD" && name !== "OPTIONS");
    assert.equal(allow.sort().join(" "), allowed);
  }
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
  for (const [fields, sent] of [
    [{}, cookie],
    [{ token: "" }, cookie],
    [{ token: "-" }, cookie],
    [{ token: `${token}x` }, cookie],
    [{ token: "-" }, ""],
    [{ token: "" }, ""],
    [{ token }, ""],
  ] as const) {
    const forged = await app.get("/add", form({ name: "Forged", ...fields }, sent));
    assert.equal(forged.status, 400, `${JSON.stringify(fields)} ${sent}`);
    assert.equal((await app.get("/delete/1", form(fields, sent))).status, 400);
  }
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
  const ids = added.map((answer) => parse(answer)["id"]);
  assert.equal(new Set(ids).size, 200);
  const names = (JSON.parse((await app.get("/api/all/")).body) as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => name.startsWith("Person ")).sort(),
    added.map((_, i) => `Person ${i}`).sort(),
  );

  const changes = ids.flatMap((id, i) => [
    { id, phone: `${i}` },
    { id, address: `${i} Street` },
  ]);
  await Promise.all(changes.map((change) => app.get("/api/person", { method: "PUT", ...json(change) })));
  const people = JSON.parse((await app.get("/api/all/")).body) as { id: number; phone: string; address: string }[];
  for (const [i, id] of ids.entries()) {
    const { phone, address } = people.find((one) => one.id === id)!;
    assert.deepEqual({ phone, address }, { phone: `${i}`, address: `${i} Street` });
  }
});

test("Flask's own server runs the same app", async (t) => {
  const { python, cwd } = await example(t);
  const server = spawn(python, ["-m", "flask", "--app", "app", "run", "--port", "0"], {
    cwd,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = once(server, "close");
  t.after(() => {
    server.kill();
    return closed;
  });
  let said = "";
  for await (const chunk of server.stderr.setEncoding("utf8")) {
    said += chunk;
    if (/Running on http\S+\n/.test(said)) break;
  }
  const url = /Running on (http\S+)/.exec(said)?.[1];
  assert.ok(url, said);
  assert.equal((JSON.parse((await ask(`${url}/api/all/`)).body) as unknown[]).length, 3);
  assert.equal((await ask(`${url}/static/person.js`)).status, 200);
});
