import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type Answer, ask, freePort, type Instance, run, start, until } from "../support/instance.ts";
import { example, serveBeside } from "./example.ts";

/** The admin listener on a port of its own. */
const admin = async () => ({ ADMIN_PORT: String(await freePort()) });
const parse = (answer: Answer) => JSON.parse(answer.body) as Record<string, unknown>;
const post = (app: Instance, body: string, type = "application/json") =>
  app.get("/api/quote", { method: "POST", headers: { "content-type": type }, body });

test("a quote is typed: by query and by body, and what is wrong is a 400 that names each field", async (t) => {
  const app = (await example(t, "api")).serve(["run"], await admin());
  assert.deepEqual(parse(await app.get("/api/quote?zone=near&weight=2.5")), { currency: "EUR", price: 17.5 });
  const express = JSON.stringify({ zone: "far", weight: 2, express: true });
  assert.deepEqual(parse(await post(app, express)), { currency: "EUR", price: 66 });
  for (const [body, fields] of [
    ["{}", { zone: "is required", weight: "is required" }],
    ['{"zone": 7, "weight": "heavy"}', { zone: "is text", weight: "is a number" }],
    ['{"zone": "near", "weight": true}', { weight: "is a number" }],
    ['{"zone": "near", "weight": NaN}', { weight: "is a number" }],
    [`{"zone": "near", "weight": 1${"0".repeat(400)}}`, { weight: "is too large" }],
    ['{"zone": "near", "weight": 0}', { weight: "is above 0" }],
    ['{"zone": "near", "weight": 31}', { weight: "is at most 30.0" }],
    ['{"zone": "near", "weight": 1, "express": "yes"}', { express: "is true or false" }],
    ['{"zone": "near", "weight": 1, "colour": "red"}', { colour: "is not known" }],
    ['{"zone": "moon", "weight": 1}', { zone: "is one of home, near, far" }],
    ["[]", { body: "is a JSON object" }],
    ["{", { body: "is a JSON object" }],
    ["[".repeat(60_000), { body: "is a JSON object" }],
  ] as const) {
    const answer = await post(app, body);
    assert.equal(answer.status, 400, body.slice(0, 60));
    assert.deepEqual(parse(answer), { error: "invalid", fields }, body.slice(0, 60));
  }
  for (const query of ["zone=near&weight=many", "zone=near&weight=1e999", `zone=near&weight=${"[".repeat(5000)}`])
    assert.deepEqual(parse(await app.get(`/api/quote?${query}`)), {
      error: "invalid",
      fields: { weight: "is a number" },
    });
  assert.equal(parse(await app.get("/nowhere"))["error"], "not found");
  assert.equal((await app.get("/api/quote", { method: "DELETE" })).status, 405);
});

test("the app's settings follow Propylon's profile, and its values from there", async (t) => {
  const place = await example(t, "api");
  for (const [args, expected] of [
    [["run"], { profile: "", currency: "EUR", heaviest: 30, express: 2 }],
    [["dev"], { profile: "development", currency: "TEST", heaviest: 30, express: 2 }],
    [["run", "--profile", "production"], { profile: "production", currency: "EUR", heaviest: 25, express: 2.5 }],
  ] as const) {
    const app = place.serve(args, await admin());
    const { prices, ...settings } = parse(await app.get("/api/settings"));
    assert.deepEqual(settings, expected);
    assert.deepEqual(prices, { home: 4.5, near: 7, far: 16.5 });
    const { out } = await run(["status", "--json"], place.cwd);
    assert.equal((JSON.parse(out) as { profile: string }).profile, expected.profile);
    assert.equal((await run(["stop"], place.cwd)).code, 0);
  }
});

test("settings of the wrong type keep the app from starting, with the name of each", async (t) => {
  const place = await example(t, "api");
  const file = path.join(place.cwd, "config.yaml");
  fs.writeFileSync(
    file,
    fs.readFileSync(file, "utf8").replace("near: 7", "near: seven").replace("currency", "curency"),
  );
  const app = place.serve(["run"], { API_HEAVIEST: "-1", ...(await admin()) });
  assert.equal((await app.exited).code, 1);
  for (const reason of ["curency is not known", "currency is required", "prices is a number", "heaviest is above 0"])
    assert.ok(app.output.err.includes(reason), `${reason}\n${app.output.err}`);
});

test("its own metrics are in ours: what all of its workers did, over reloads, since the start", async (t) => {
  const place = await example(t, "api");
  const port = String(await freePort());
  const metrics = async (): Promise<string> => (await ask(`http://127.0.0.1:${port}/metrics`)).body;
  const counts = async (quotes: number): Promise<boolean> =>
    new RegExp(`^parcel_quotes_total\\{app="api",zone="home"\\} ${quotes}$`, "m").test(await metrics());
  const app = place.serve(["run"], { ADMIN_PORT: port });
  await Promise.all(Array.from({ length: 40 }, () => app.get("/api/quote?zone=home&weight=1")));
  await until(() => counts(40));
  assert.match(await metrics(), /parcel_request_seconds_count\{app="api",route="\/api\/quote",status="200"\} 40\n/);
  assert.match(
    await metrics(),
    /propylon_http_requests_total\{site="default",app="api",method="GET",status="200"\} 40\n/,
  );
  // New workers take over, and nothing that was counted is lost.
  assert.equal((await run(["reload"], place.cwd)).code, 0);
  await app.get("/api/quote?zone=home&weight=1");
  await until(() => counts(41));
});

test("uWSGI's command serves it, and so does python main.py", async (t) => {
  const place = await example(t, "api");
  // As in `uwsgi --http 127.0.0.1:8085 --wsgi-file main.py --callable app`, with a port of its own.
  const command = ["uwsgi", "--http", "127.0.0.1:0", "--wsgi-file", "main.py", "--callable", "app"];
  const environment = place.python.includes("/") ? ["--virtualenv", path.dirname(path.dirname(place.python))] : [];
  const served = start(t, [...command, ...environment], { cwd: place.cwd });
  assert.equal((await served.get("/api/quote?zone=home&weight=1")).status, 200);
  const url = await serveBeside(t, place, ["main.py"], { PORT: "0" });
  assert.equal((await ask(`${url}/api/quote?zone=home&weight=1`)).status, 200);
});

test("its code is formatted", async (t) => {
  const { cwd, python } = await example(t, "api");
  const words = "-m autopep8 --recursive --aggressive --aggressive --diff .".split(" ");
  assert.equal(execFileSync(python, words, { cwd, encoding: "utf8" }), "");
});
