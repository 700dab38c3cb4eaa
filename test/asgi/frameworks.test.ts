import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { prepareEnvironment } from "../../src/process/environment.ts";
import { ask, folder, type Instance, run, start, until } from "../support/instance.ts";
import { WebSocketClient } from "./websocket-client.ts";

const SOURCE = path.join(import.meta.dirname, "frameworks");

/** The apps in a folder of their own, served with a Python that has the frameworks. */
async function serve(t: TestContext, args: readonly string[], files: Record<string, string> = {}): Promise<Instance> {
  const prepared = await prepareEnvironment(SOURCE, () => {});
  const cwd = folder(t, files);
  for (const name of fs.readdirSync(SOURCE).filter((file) => file.endsWith(".py")))
    fs.copyFileSync(path.join(SOURCE, name), path.join(cwd, name));
  const instance = start(t, [...args, "--listen", "127.0.0.1:0", "--python", prepared!.python], { cwd });
  await instance.url;
  return Object.assign(instance, { cwd });
}

const portOf = async (instance: Instance): Promise<number> => Number(new URL(await instance.url).port);

test("Starlette: middleware, threads, uploads, events, WebSocket", async (t) => {
  const app = await serve(t, ["starlette_app:app", "--workers", "1"]);
  const hello = await app.get("/");
  assert.deepEqual([hello.body, hello.headers["x-marked"]], ["hello", "yes"]);
  assert.equal((await app.get("/thread")).body, "thread");
  const data = Buffer.alloc(2_000_000, "ab");
  const md5 = createHash("md5").update(data).digest("hex");
  const answer = await app.get("/upload", { method: "POST", body: data });
  assert.deepEqual(JSON.parse(answer.body), { size: data.length, md5 });
  const url = new URL("/events", await app.url);
  await new Promise<void>((resolve) => {
    http.get(url, { agent: false }, (response) => {
      response.once("data", () => {
        response.destroy();
        resolve();
      });
    });
  });
  await until(async () => (await app.get("/left")).body === '["events"]');
  const client = new WebSocketClient(await portOf(app));
  assert.equal(await client.open("/ws"), true);
  client.send(1, "hi");
  assert.equal((await client.message()).payload.toString(), "hi");
  client.socket.destroy();
});

test("FastAPI: models, dependencies, background tasks, disconnects, WebSocket", async (t) => {
  const app = await serve(t, ["fastapi_app:create_app()", "--workers", "1"]);
  assert.equal((await app.get("/items/7")).body, '{"number":7}');
  assert.equal((await app.get("/items/x")).status, 422);
  const json = { "Content-Type": "application/json" };
  const made = await app.get("/items", { method: "POST", headers: json, body: '{"name": "tea", "price": 2.5}' });
  assert.deepEqual(JSON.parse(made.body), { name: "tea", price: "2.50 EUR" });
  await until(async () => (await app.get("/done")).body === '["tea"]');
  assert.equal((await app.get("/numbers")).body, "0\n1\n2\n3\n4\n");
  const request = http.get(new URL("/disconnected", await app.url), { agent: false });
  request.on("error", () => {}); // it is given up on purpose
  const inFlight = async (): Promise<number> => {
    const { out } = await run(["status", "--json"], (app as Instance & { cwd: string }).cwd);
    return (JSON.parse(out) as { apps: { inFlight: number }[] }).apps[0]!.inFlight;
  };
  await until(async () => (await inFlight()) === 1);
  request.destroy();
  await until(async () => (await app.get("/done")).body === '["tea","disconnected"]');
  const client = new WebSocketClient(await portOf(app));
  await client.open("/ws/blue");
  client.send(1, "word");
  assert.deepEqual(JSON.parse((await client.message()).payload.toString()), { room: "blue", said: "word" });
  assert.deepEqual(await client.close(), [4000, "one word each"]);
});

test("Django: async and sync views, streaming, forms", async (t) => {
  const app = await serve(t, ["django_app:application", "--workers", "1"]);
  assert.equal((await app.get("/")).body, "hello from Django");
  assert.equal((await app.get("/sync?q=%C3%A9")).body, "sync é");
  assert.equal((await app.get("/stream")).body, "0\n1\n2\n");
  const headers = { "Content-Type": "application/x-www-form-urlencoded", Host: "shop.example" };
  const form = await app.get("/post", { method: "POST", headers, body: "a=1&b=%C3%A9" });
  assert.deepEqual(JSON.parse(form.body), {
    fields: { a: "1", b: "é" },
    size: 12,
    host: "shop.example",
    path: "/post",
  });
});

test("Quart: startup, forms, streaming, WebSocket", async (t) => {
  const app = await serve(t, ["quart_app:app", "--workers", "1"]);
  assert.equal((await app.get("/")).body, "hello from Quart True");
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  assert.deepEqual(JSON.parse((await app.get("/form", { method: "POST", headers, body: "a=1" })).body), { a: "1" });
  assert.equal((await app.get("/stream")).body, "0\n1\n2\n");
  const client = new WebSocketClient(await portOf(app));
  await client.open("/ws");
  client.send(1, "hi");
  assert.equal((await client.message()).payload.toString(), "hi");
  client.socket.destroy();
});

const BOTH = `
apps:
  new: { asgi: starlette_app:app, workers: 1, concurrency: 50, loop: asyncio }
  old: { wsgi: wsgi_app:app, workers: 1 }
sites:
  - routes:
      - { path: /old, app: old, mount: /old }
      - { path: /new, app: new, mount: /new }
`;

test("ASGI and WSGI apps stand side by side, mounted; status says which is which, and why", async (t) => {
  const app = await serve(t, ["run"], { "propylon.yaml": BOTH });
  const url = await app.url;
  assert.equal((await app.get("/old/x")).body, "hello from WSGI /old");
  assert.deepEqual(JSON.parse((await app.get("/new/where")).body), {
    path: "/new/where",
    root: "/new",
    url: `${url}/new/where`,
    for: `${url}/new/where`,
  });
  const { cwd } = app as Instance & { cwd: string };
  const { out } = await run(["status", "--json"], cwd);
  const { apps } = JSON.parse(out) as { apps: { name: string; lanes: number; interface: unknown }[] };
  assert.deepEqual(
    apps.map(({ name, lanes, interface: kind }) => [name, lanes, kind]),
    [
      ["new", 50, { kind: "asgi", why: "as configured", loop: "asyncio" }],
      ["old", 4, { kind: "wsgi", why: "it is no coroutine function", loop: "" }],
    ],
  );
  const { out: text } = await run(["status"], cwd);
  assert.match(text, /app new: running, 1 worker x 50 exchanges on asyncio, ASGI \(as configured\)/);
  const explained = async (key: string): Promise<string> => (await run(["explain", key], cwd)).out;
  assert.match(await explained("apps.old.interface"), /in use {3}wsgi, since it is no coroutine function\n$/);
  assert.match(await explained("apps.new.loop"), /in use {3}asyncio\n$/);
  assert.equal((await ask(`${url}/new/`)).body, "hello");
});
