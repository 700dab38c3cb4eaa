import assert from "node:assert/strict";
import { test } from "node:test";
import { isAlive, until } from "../supervision/instance.ts";
import { Asking, config, serve, workers } from "./stage.ts";

const APP = `import os
print("imported")
async def app(scope, receive, send):
    assert scope["type"] == "http"
    status = 204 if scope["path"] == "/healthz" else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % os.getppid() if status == 200 else b""})
`;

test("an ASGI app, too, is imported once, probed before it serves, and its workers are replaced after their number of requests", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config(
      "workers: 2, preload: true, ready: { path: /healthz, status: 204 }, recycle: { requests: 20 }",
    ),
    "app.py": APP,
  });
  const [forerunner] = await running.pids("hello/forerunner");
  assert.equal((await running.get()).text, String(forerunner));
  const before = [...(await workers(running)).keys()];
  const asking = new Asking(running, 2);
  await until("both have been replaced", () => before.every((pid) => !isAlive(pid)));
  await asking.stop();
  assert.deepEqual([...asking.statuses.keys()], [200]);
  assert.equal(running.output.match(/imported$/gm)?.length, 1);
  assert.match(running.output, /hello\/\d has begun \d+ requests and is replaced/);
});
