import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ask, folder, freePort, start } from "../support/instance.ts";
import { ECHO, environOf } from "./apps.ts";
import { block, serving, skip } from "./guide.ts";

/** The guide's nginx.conf and waitress command with other ports, and an app. */
async function guide(t: TestContext): Promise<{ cwd: string; port: number; appPort: number; command: string }> {
  const [port, appPort] = [await freePort(), await freePort()];
  const conf = block(/error_page\s+500 502/)
    .replace(/listen\s+80;/, `listen ${port};`)
    .replace("127.0.0.1:5000", `127.0.0.1:${appPort}`);
  const command = block(/^waitress-serve/m)
    .trim()
    .replace(":5000", `:${appPort}`);
  const cwd = folder(t, { "nginx.conf": conf, "app.py": ECHO, "html/50x.html": "<h1>An error page of mine" });
  return { cwd, port, appPort, command };
}

/** A word of a command line for each of the guide's. */
function words(command: string): string[] {
  return command.split(" ").slice(1);
}

test("waitress-serve as in the guide serves the app on its port", { skip }, async (t) => {
  const { cwd, appPort, command } = await guide(t);
  const instance = start(t, ["waitress-serve", ...words(command)], { cwd });
  await serving(instance);
  const answer = await ask(`http://127.0.0.1:${appPort}/x?y=1`);
  assert.equal(answer.status, 200);
  const environ = environOf(answer.body);
  assert.equal(environ["PATH_INFO"], "/x");
  assert.equal(environ["QUERY_STRING"], "y=1");
});

test("nginx.conf and waitress-serve of the guide are one stack, and the app sees what NGINX would have told it", {
  skip,
}, async (t) => {
  const { cwd, port, appPort, command } = await guide(t);
  const instance = start(t, ["run", "nginx.conf", "--with", command], { cwd });
  await serving(instance);
  const answer = await ask(`http://127.0.0.1:${port}/api/all/?x=1`, {
    headers: { host: "localhost", "x-forwarded-for": "198.51.100.7" },
  });
  const environ = environOf(answer.body);
  assert.equal(environ["HTTP_HOST"], "localhost");
  assert.equal(environ["HTTP_X_REAL_IP"], "127.0.0.1");
  assert.equal(environ["HTTP_X_FORWARDED_FOR"], "198.51.100.7, 127.0.0.1");
  assert.equal(environ["HTTP_X_FORWARDED_PROTO"], "http");
  assert.equal(environ["PATH_INFO"], "/api/all/");
  assert.equal(environ["REMOTE_ADDR"], "127.0.0.1");
  // The socket of the app stays open for those who knew it.
  assert.equal((await ask(`http://127.0.0.1:${appPort}/`)).status, 200);
});

test("nginx -p -c with the guide's file proxies to a server on the port, and shows the page of the file when it is gone", {
  skip,
}, async (t) => {
  const { cwd, port, command } = await guide(t);
  const nginx = start(t, ["nginx", "-p", cwd, "-c", "nginx.conf"], { cwd });
  await serving(nginx);
  const gone = await ask(`http://127.0.0.1:${port}/`);
  assert.equal(gone.status, 502);
  assert.equal(gone.body, "<h1>An error page of mine");
  const waitress = start(t, ["waitress-serve", ...words(command)], { cwd });
  await serving(waitress);
  const answer = await ask(`http://127.0.0.1:${port}/through?x=1`, { headers: { host: "localhost" } });
  assert.equal(answer.status, 200);
  const environ = environOf(answer.body);
  assert.equal(environ["PATH_INFO"], "/through");
  assert.equal(environ["HTTP_X_REAL_IP"], "127.0.0.1");
  assert.equal(environ["HTTP_HOST"], "localhost");
});
