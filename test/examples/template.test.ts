import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ask, until } from "../support/instance.ts";
import { example, serveBeside } from "./example.ts";

test("the app is served at /flask-nginx, its links lead there, and its files are the front's", async (t) => {
  const { cwd, serve } = await example(t, "template");
  const app = serve();
  // Flask leads from the bare prefix to its root.
  const bare = await app.get("/flask-nginx?a=1");
  assert.equal(bare.status, 308);
  assert.match(bare.headers.location!, /\/flask-nginx\/\?a=1$/);
  const page = await app.get("/flask-nginx/");
  assert.equal(page.status, 200);
  assert.match(page.body, /href="\/flask-nginx\/hello\/you"/);
  assert.match(page.body, /href="\/flask-nginx\/static\/style.css"/);
  assert.deepEqual(JSON.parse((await app.get("/flask-nginx/hello/you")).body), { hello: "you", root: "/flask-nginx" });
  const root = await app.get("/");
  assert.equal(root.status, 302);
  assert.match(root.headers.location!, /\/flask-nginx\/$/);
  assert.equal((await app.get("/flask-nginxx")).status, 404);
  assert.equal((await app.get("/hello/you")).status, 404);

  const style = await app.get("/flask-nginx/static/style.css");
  assert.equal(style.status, 200);
  assert.equal(style.headers["content-type"], "text/css; charset=utf-8");
  assert.equal(style.headers["cache-control"], "max-age=3600");
  assert.equal(style.body, fs.readFileSync(path.join(cwd, "flask_nginx/static/style.css"), "utf8"));
});

test("propylon dev serves it at the same path, and a save reloads it", async (t) => {
  const { cwd, serve } = await example(t, "template");
  const app = serve(["dev"]);
  assert.match((await app.get("/flask-nginx/")).body, /It works/);
  const template = path.join(cwd, "flask_nginx/__init__.py");
  fs.writeFileSync(template, fs.readFileSync(template, "utf8").replace("hello=name", "hello=name.upper()"));
  await until(async () => (await app.get("/flask-nginx/hello/you")).body.includes("YOU"));
});

test("python run.py still works, with the app at /", async (t) => {
  const url = await serveBeside(t, await example(t, "template"), ["run.py"], { PORT: "0" });
  assert.match((await ask(`${url}/`)).body, /href="\/hello\/you"/);
  assert.equal((await ask(`${url}/static/style.css`)).status, 200);
});
