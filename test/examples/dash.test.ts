import assert from "node:assert/strict";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { freePort, type Instance, until } from "../support/instance.ts";
import { example } from "./example.ts";

async function dash(t: TestContext): Promise<Instance> {
  const { serve } = await example(t, "dash");
  return serve(["run"], {
    BLOG_PORT: String(await freePort()),
    PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`,
  });
}

test("the Dash app is served under /dash/, with its scripts and its callbacks", async (t) => {
  const app = await dash(t);
  assert.equal((await app.get("/dash")).status, 302);
  const page = await app.get("/dash/");
  assert.equal(page.status, 200);
  const script = /src="(\/dash\/_dash-component-suites\/[^"]+)"/.exec(page.body)![1]!;
  assert.equal((await app.get(script)).status, 200);
  const answer = await app.get("/dash/_dash-update-component", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      output: "..wave.figure...error.children..",
      outputs: [
        { id: "wave", property: "figure" },
        { id: "error", property: "children" },
      ],
      inputs: [{ id: "terms", property: "value", value: 5 }],
      changedPropIds: ["terms.value"],
    }),
  });
  assert.equal(answer.status, 200, answer.body);
  const { response } = JSON.parse(answer.body) as {
    response: { error: { children: string }; wave: { figure: { data: { y: number[] }[] } } };
  };
  assert.match(response.error.children, /^5 terms: off by 0\.0\d\d/);
  assert.equal(response.wave.figure.data[0]!.y.length, 201);
});

test("beside it the parent site has its files first, then a program that is not Python and is kept alive", async (t) => {
  const app = await dash(t);
  await until(async () => (await app.get("/")).status === 200);
  const page = await app.get("/", { headers: { host: "blog.example" } });
  assert.match(page.body, /Seen from 127\.0\.0\.1 at blog\.example/);
  const style = await app.get("/blog.css");
  assert.equal(style.headers["content-type"], "text/css; charset=utf-8");
  assert.match((await app.get("/nowhere")).body, /No such page/);

  const pid = Number(/by process (\d+)/.exec(page.body)![1]);
  process.kill(pid, "SIGKILL");
  await until(async () => {
    const { status, body } = await app.get("/");
    assert.equal((await app.get("/blog.css")).status, 200);
    return status === 200 && !body.includes(`by process ${pid}.`);
  });
});
