import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { describe, test } from "node:test";
import { type Stage, stage } from "../app/stage.ts";
import { until } from "../support/instance.ts";
import { interpreters, startWorker } from "./real-worker.ts";

const KINDS = path.join(import.meta.dirname, "apps", "kinds.py");

async function raw(port: number, request: string): Promise<string> {
  const client = net.connect(port, "127.0.0.1");
  client.setEncoding("latin1");
  client.write(request, "latin1");
  let text = "";
  client.on("data", (chunk: string) => {
    text += chunk;
  });
  client.on("error", () => {}); // a cut answer may end in a reset
  await once(client, "close");
  return text;
}

const found = interpreters();
console.log(`Python interpreters found: ${found.map((interpreter) => interpreter.version).join(" ")}`);

for (const { version, path: python } of found) {
  for (const target of ["kinds:app", "kinds:checked"]) {
    describe(`Python ${version}, ${target}`, () => {
      const checked = target.endsWith("checked");
      test("every way to answer arrives as the app meant it", async (t) => {
        const s = await stage(t);
        const worker = startWorker(t, s, 1, { python, target });
        const body = async (url: string) => (await s.ask(url)).body;
        assert.equal(await body("/hello"), "Hello");
        assert.equal(await body("/generator"), "piece 0\npiece 1\npiece 2\n");
        assert.equal(await body("/write"), "one two three");
        assert.equal(await body("/declared"), "abcdef");
        assert.equal(await body("/file"), fs.readFileSync(KINDS, "latin1"));
        assert.equal((await body("/big")).length, 10_000_000);
        assert.equal((await s.ask("/empty")).status, 204);
        assert.equal((await s.ask("/replaced")).status, 503);
        assert.equal(await body("/replaced"), "sorry");
        assert.equal(await body("/was_closed"), "generator,declared");
        if (!checked) assert.equal(await body("/lazy"), "lazy");
        const latin = await s.ask("/caf%C3%A9");
        assert.equal(latin.headers["x-name"], "caf\xe9");
        assert.equal(Buffer.from(latin.body, "latin1").toString("utf8"), "/café");
        assert.equal(worker.output.err, "");
      });

      test("request bodies of every size come whole, by every method of wsgi.input", async (t) => {
        const s = await stage(t);
        startWorker(t, s, 1, { python, target });
        for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
          const data = Buffer.alloc(size, "abc\n");
          const md5 = createHash("md5").update(data).digest("hex");
          const post = { method: "POST", headers: { "content-type": "text/plain" }, body: data };
          if (!checked) {
            assert.equal((await s.ask("/digest", post)).body, `${size} ${md5} ${size}`);
            const chunked = { ...post, headers: { ...post.headers, "transfer-encoding": "chunked" } };
            assert.equal(
              (await s.ask("/digest", chunked)).body,
              `${size} ${md5} ${size === 0 ? "" : size}`.trimEnd() + (size === 0 ? " 0" : ""),
            );
          }
          assert.equal((await s.ask("/unread", post)).body, "unread");
        }
        const post = { method: "POST", headers: { "content-type": "text/plain" }, body: "one\ntwo\nthree\nfour" };
        if (!checked)
          assert.equal((await s.ask("/lines", post)).body, "(b'one\\n', b'two', [b'\\n', b'three\\n', b'four'], b'')");
        assert.equal((await s.ask("/iterated", post)).body, "[b'one\\n', b'two\\n', b'three\\n', b'four']");
      });
    });
  }

  describe(`Python ${version}`, () => {
    test("an app's failures are answered and told to the log, and the worker goes on", async (t) => {
      const s = await stage(t);
      const worker = startWorker(t, s, 1, { python });
      for (const url of ["/boom", "/twice", "/exits", "/text", "/splits"]) {
        const answer = await s.ask(url);
        assert.equal(answer.status, 500, url);
        assert.doesNotMatch(answer.body, /Traceback/);
      }
      const get = (url: string) => raw(s.port, `GET ${url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(await get("/late"), /begun/);
      assert.doesNotMatch(await get("/late"), /\r\n0\r\n\r\n$/);
      assert.match(await get("/short"), /Content-Length: 10\r\n[\s\S]*\r\n\r\nabc$/);
      assert.match(await get("/long"), /Content-Length: 3\r\n[\s\S]*\r\n\r\nabc$/);
      assert.equal((await s.ask("/was_closed")).body, "late,late");
      assert.equal((await s.ask("/prints")).body, "printed");
      assert.equal((await s.ask("/hello")).body, "Hello");
      for (const said of ["boom <&>", "SystemExit", "late", "10", "on stderr\n", "on wsgi.errors\n"])
        assert.ok(worker.output.err.includes(said), said);
      assert.equal(worker.output.out, "printed\n");
    });
  });
}

test("the traceback is shown in the browser when that was asked for, and escaped", async (t) => {
  const s = await stage(t);
  startWorker(t, s, 1, { tracebacks: true });
  const answer = await s.ask("/boom");
  assert.equal(answer.status, 500);
  assert.match(answer.body, /RuntimeError: boom &lt;&amp;&gt;/);
});

test("HEAD is answered with the headers of GET and no body", async (t) => {
  const s = await stage(t);
  startWorker(t, s, 1);
  const answer = await s.ask("/declared", { method: "HEAD" });
  assert.equal(answer.headers["content-length"], "6");
  assert.equal(answer.body, "");
  assert.equal((await s.ask("/generator", { method: "HEAD" })).status, 200);
  assert.equal((await s.ask("/was_closed")).body, "declared,generator");
});

test("the environ says what CGI and WSGI ask for", async (t) => {
  const s = await stage(t);
  startWorker(t, s, 1, { lanes: 2 });
  const wanted =
    "REQUEST_METHOD,SCRIPT_NAME,PATH_INFO,SERVER_NAME,SERVER_PORT,SERVER_PROTOCOL,REMOTE_ADDR,wsgi.url_scheme,wsgi.multithread,wsgi.multiprocess,wsgi.run_once,REQUEST_URI,HTTP_X_A,HTTP_PROXY,HTTP_X_B";
  const answer = await s.ask(`/k%65ys?${wanted}`, {
    headers: { "x-a": "1", proxy: "http://evil", x_b: "spoofed", host: "example.org:80" },
  });
  assert.deepEqual(Object.fromEntries(answer.body.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2))), {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/keys",
    SERVER_NAME: "example.org",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: "127.0.0.1",
    "wsgi.url_scheme": "http",
    "wsgi.multithread": "True",
    "wsgi.multiprocess": "True",
    "wsgi.run_once": "False",
    REQUEST_URI: `/k%65ys?${wanted}`,
    HTTP_X_A: "1",
    HTTP_PROXY: "-",
    HTTP_X_B: "-",
  });
});

test("fast requests pass while lanes are asleep, and all answers come", async (t) => {
  const s = await stage(t);
  startWorker(t, s, 1, { lanes: 4 });
  await s.ask("/hello");
  const slow = Array.from({ length: 3 }, () => s.ask("/sleeps?0.4"));
  const began = performance.now();
  for (let i = 0; i < 50; i++) assert.equal((await s.ask("/hello")).body, "Hello");
  assert.ok(performance.now() - began < 350, "fifty fast requests took as long as a slow one");
  for (const answer of await Promise.all(slow)) assert.equal(answer.body, "slept");
});

test("requests that mostly wait run on all lanes at once", async (t) => {
  const s = await stage(t);
  startWorker(t, s, 1, { lanes: 8 });
  for (let i = 0; i < 10; i++) await s.ask("/sleeps?0.02");
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 80 }, () => s.ask("/sleeps?0.02")));
  for (const answer of answers) assert.equal(answer.body, "slept");
  assert.ok(performance.now() - began < 1000, "eighty sleeps of 20 ms on eight lanes took over a second");
});

test("a client that leaves an endless answer stops the app, and the lane is free again", async (t) => {
  const s = await stage(t);
  startWorker(t, s, 1);
  const client = net.connect(s.port, "127.0.0.1");
  client.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(client, "data");
  client.destroy();
  assert.equal((await s.ask("/was_closed")).body, "endless");
});

test("a drained worker finishes what it runs, then ends with code 0", async (t) => {
  const s = await stage(t);
  const worker = startWorker(t, s, 1, { lanes: 2 });
  await worker.heard("ready");
  const slow = s.ask("/sleeps?0.2");
  while (s.pool.links.get(1)?.open !== 1) await new Promise((resolve) => setTimeout(resolve, 2));
  s.pool.setActive([], {});
  worker.say({ drain: true });
  assert.equal((await slow).body, "slept");
  assert.deepEqual(await worker.exited, { code: 0, signal: null });
});

test("a worker ends when its control channel does", async (t) => {
  const s = await stage(t);
  const worker = startWorker(t, s, 1);
  await worker.heard("ready");
  (worker.process.stdio[3] as net.Socket).destroy();
  assert.equal((await worker.exited).code, 0);
});

test("the stacks of a busy worker can be had", async (t) => {
  const s = await stage(t);
  const worker = startWorker(t, s, 1);
  await worker.heard("ready");
  const slow = s.ask("/sleeps?2");
  // Sent is not begun: asked until a lane is in the app, before the request is over.
  const inApp = (): boolean => worker.said.some((message) => /in sleeps/.test(String(message["text"])));
  let asked = 0;
  const asking = setInterval(() => worker.say({ stacks: ++asked }), 50);
  t.after(() => clearInterval(asking));
  await Promise.race([until(inApp), slow]);
  clearInterval(asking);
  assert.ok(inApp());
  await slow;
});

const FAILURES: readonly [name: string, target: string, reason: RegExp, remedy: RegExp][] = [
  ["a missing module", "kindz:app", /no module named 'kindz'/, /did you mean 'kinds'/],
  ["a missing attribute", "kinds:ap", /no 'ap' in kinds/, /did you mean 'app'/],
  ["something that is not callable", "kinds:TEXT", /not callable but list/, /./],
  ["a module that fails to import", "broken:app", /importing broken failed: ZeroDivisionError/, /^/],
  [
    "a module that needs another which is missing",
    "needs:app",
    /needs the module 'not_installed_anywhere'/,
    /pip install/,
  ],
];
for (const [name, target, reason, remedy] of FAILURES) {
  test(`${name} is told with its reason and a remedy, and the worker ends with code 3`, async (t) => {
    const s = await stage(t);
    const worker = startWorker(t, s, 1, { target });
    const failed = (await worker.heard("failed"))["failed"] as Record<string, string>;
    assert.match(failed["reason"]!, reason);
    assert.match(failed["remedy"]!, remedy);
    assert.equal((await worker.exited).code, 3);
  });
}

test("a factory is called, and a script is run as it is", async (t) => {
  const s: Stage = await stage(t);
  const worker = startWorker(t, s, 1, { target: "factory:create_app" });
  await worker.heard("ready");
  assert.equal((await s.ask("/")).body, "made");
  assert.match(String(worker.said.find((message) => "warning" in message)?.["warning"]), /called as a factory/);
  const other = await stage(t);
  const script = startWorker(t, other, 1, { script: path.join(import.meta.dirname, "apps", "script.wsgi") });
  await script.heard("ready");
  assert.equal((await other.ask("/")).body, "script _wsgi_script");
});
