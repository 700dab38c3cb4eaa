import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { folder, type Instance, start, until } from "../support/instance.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "env.py": `#!/usr/bin/env python3
import os, sys
body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
print("Content-Type: text/plain\\n")
for key in sorted(os.environ): print(key + "=" + os.environ[key])
print("BODY=" + str(len(body)) + " " + body[:20].decode())
`,
  "status.sh": `#!/bin/sh
printf 'Status: 418 Teapot\\r\\nX-Kind: shell\\r\\n\\r\\nshort and stout'
`,
  "away.sh": `#!/bin/sh
printf 'Location: http://example.net/\\n\\n'
`,
  "local.sh": `#!/bin/sh
printf 'Location: /there?x=1\\n\\n'
`,
  "found.sh": `#!/bin/sh
printf 'Status: 302\\nLocation: /there\\n\\n'
`,
  "broken.sh": `#!/bin/sh
echo "no head at all" >&2
exit 3
`,
  "slow.sh": `#!/bin/sh
echo $$ > "$PIDS"
printf 'Content-Type: text/plain\\n\\nfirst\\n'
sleep 60 & echo $! >> "$PIDS"
wait
`,
  "mute.sh": `#!/bin/sh
echo $$ > "$PIDS"
trap '' TERM
sleep 60
`,
  "big.py": `#!/usr/bin/env python3
import sys
sys.stdout.write("Content-Type: text/plain\\n\\n")
for i in range(2000): sys.stdout.write("x" * 10000)
`,
  "nph-a.sh": `#!/bin/sh
printf 'HTTP/1.1 201 Made\\r\\nConnection: close\\r\\nX-N: 1\\r\\n\\r\\nnph'
`,
  "chunks.sh": `#!/bin/sh
printf 'Content-Type: text/plain\\nTransfer-Encoding: chunked\\n\\n2\\r\\nok\\r\\n0\\r\\n\\r\\n'
`,
  "short.sh": `#!/bin/sh
printf 'Content-Length: 10\\n\\nshort'
`,
  "long.sh": `#!/bin/sh
printf 'Content-Length: 2\\n\\nlonger'
`,
  "endless.sh": `#!/bin/sh
head -c 100000 /dev/zero | tr '\\0' x
`,
  "nowhere.sh": "#!/nonexistent/interpreter\n",
  "deaf.sh": `#!/bin/sh
exec <&-
printf 'Content-Type: text/plain\\n\\nheard nothing'
`,
  "lingers.sh": `#!/bin/sh
echo $$ > "$PIDS"
printf 'Content-Type: text/plain\\n\\nall'
exec >&- 2>&-
sleep 60
`,
  "helped.pl": 'printf "Content-Type: text/plain\\n\\nhelped $0"\n',
  "index.sh": `#!/bin/sh
printf 'Content-Type: text/plain\\n\\nindex'
`,
  "sub/inner.sh": `#!/bin/sh
printf 'Content-Type: text/plain\\n\\ninner %s' "$PATH_INFO"
`,
};

const CONFIG = `
listeners: [{ address: "127.0.0.1:0" }]
access_log: false
limits: { request_line: 256KB }
sites:
  - routes:
      - path: /cgi-bin/
        cgi: { root: ./cgi-bin, helpers: { .pl: /bin/sh }, environ: { PIDS: PIDFILE, MINE: "{host}" } }
      - { path: /index/, cgi: { root: ./cgi-bin, index: index.sh } }
      - { path: /one, cgi: { script: ./cgi-bin/env.py } }
      - { path: /quick/, cgi: { root: ./cgi-bin, timeout: 1s, processes: 1, environ: { PIDS: PIDFILE } } }
      - { path: /there, respond: "there {method} {args}" }
`.replace("{method}", "{request_method}");

test("scripts are run once for each request", { timeout: 60_000 }, async (t) => {
  const cwd = folder(t);
  const pids = path.join(cwd, "pids");
  for (const [name, text] of Object.entries(SCRIPTS)) {
    const file = path.join(cwd, "cgi-bin", name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: name.endsWith(".pl") ? 0o644 : 0o755 });
  }
  fs.writeFileSync(path.join(cwd, "cgi-bin", "secret.txt"), "not for anybody", { mode: 0o644 });
  fs.writeFileSync(path.join(cwd, "outside.sh"), "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\noutside'\n", {
    mode: 0o755,
  });
  fs.symlinkSync("../outside.sh", path.join(cwd, "cgi-bin", "link.sh"));
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), CONFIG.replaceAll("PIDFILE", pids));
  const instance = start(t, ["run"], { cwd });
  await instance.url;

  async function variables(target: string, options: Parameters<Instance["get"]>[1] = {}) {
    const { status, body } = await instance.get(target, options);
    assert.equal(status, 200, body);
    return Object.fromEntries(
      body
        .split("\n")
        .filter((line) => line.includes("="))
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ) as Record<string, string>;
  }

  await t.test("gives a script the variables of RFC 3875, and no other fields than it may have", async () => {
    const env = await variables("/cgi-bin/env.py/extra/p%C3%A9?a=b&c", {
      headers: { Host: "shop.test", "X-Kind": "k", Proxy: "http://evil/", Authorization: "Basic x", Cookie: "a=1" },
    });
    assert.deepEqual(
      [env["SCRIPT_NAME"], env["PATH_INFO"], env["QUERY_STRING"], env["REQUEST_METHOD"], env["GATEWAY_INTERFACE"]],
      ["/cgi-bin/env.py", "/extra/pé", "a=b&c", "GET", "CGI/1.1"],
    );
    assert.deepEqual(
      [env["SERVER_NAME"], env["REMOTE_ADDR"], env["HTTP_X_KIND"], env["HTTP_COOKIE"], env["MINE"]],
      ["shop.test", "127.0.0.1", "k", "a=1", "shop.test"],
    );
    assert.equal(env["PATH_TRANSLATED"], path.join(cwd, "cgi-bin", "extra", "pé"));
    assert.equal(env["SCRIPT_FILENAME"], path.join(cwd, "cgi-bin", "env.py"));
    for (const key of ["HTTP_PROXY", "HTTP_AUTHORIZATION", "CONTENT_LENGTH", "PROPYLON_DEBUG"])
      assert.equal(env[key], undefined, key);
  });

  await t.test("gives it the body, whose length it is told, chunked or not", async () => {
    const body = "x".repeat(300_000);
    for (const headers of [{}, { "Transfer-Encoding": "chunked" }]) {
      const env = await variables("/cgi-bin/env.py", {
        method: "POST",
        body,
        headers: { ...headers, "Content-Type": "text/x" },
      });
      assert.deepEqual([env["CONTENT_LENGTH"], env["CONTENT_TYPE"]], ["300000", "text/x"]);
      assert.equal(env["BODY"], `300000 ${"x".repeat(20)}`);
    }
  });

  await t.test("takes its status, its fields, and its redirects of both kinds", async () => {
    const teapot = await instance.get("/cgi-bin/status.sh");
    assert.deepEqual([teapot.status, teapot.headers["x-kind"], teapot.body], [418, "shell", "short and stout"]);
    const away = await instance.get("/cgi-bin/away.sh");
    assert.deepEqual([away.status, away.headers["location"]], [302, "http://example.net/"]);
    const local = await instance.get("/cgi-bin/local.sh", { method: "POST", body: "x" });
    assert.deepEqual([local.status, local.body], [200, "there GET x=1"]);
    const found = await instance.get("/cgi-bin/found.sh");
    assert.deepEqual([found.status, found.headers["location"]], [302, "/there"]);
  });

  await t.test("runs one script for everything, files by a helper, and an index for a folder", async () => {
    const one = await variables("/one/more");
    assert.deepEqual([one["SCRIPT_NAME"], one["PATH_INFO"]], ["/one", "/more"]);
    assert.match((await instance.get("/cgi-bin/helped.pl")).body, /^helped .*helped\.pl$/);
    assert.equal((await instance.get("/index/")).body, "index");
    assert.equal((await instance.get("/cgi-bin/sub/inner.sh/x")).body, "inner /x");
  });

  const REFUSED: readonly (readonly [target: string, status: number])[] = [
    ["/cgi-bin/", 403],
    ["/cgi-bin/sub", 403],
    ["/cgi-bin/none.sh", 404],
    ["/cgi-bin/secret.txt", 403],
    ["/cgi-bin/link.sh", 404],
    ["/cgi-bin/../outside.sh", 404],
    ["/cgi-bin/%2e%2e/outside.sh", 404],
    ["/cgi-bin/..%2foutside.sh", 404],
    ["/cgi-bin/sub/..%2f..%2foutside.sh", 404],
    ["/cgi-bin/..%5coutside.sh", 404],
    ["/cgi-bin//../outside.sh", 404],
    ["/cgi-bin/env.py%00.txt", 400],
  ];
  for (const [target, status] of REFUSED) {
    await t.test(`answers ${target} with ${status}, and shows no script's text`, async () => {
      const answer = await instance.get(target);
      assert.equal(answer.status, status);
      assert.doesNotMatch(answer.body, /not for anybody|outside$|#!/);
    });
  }

  await t.test("takes a whole head of HTTP (NPH), and no word about the connection", async () => {
    const nph = await instance.get("/cgi-bin/nph-a.sh");
    assert.deepEqual([nph.status, nph.headers["x-n"], nph.body], [201, "1", "nph"]);
    assert.equal((await instance.get("/cgi-bin/chunks.sh")).body, "2\r\nok\r\n0\r\n\r\n");
  });

  await t.test("keeps to the length that a script names: what is less is cut, what is more dropped", async () => {
    await assert.rejects(instance.get("/cgi-bin/short.sh"), /aborted/);
    assert.equal((await instance.get("/cgi-bin/long.sh")).body, "lo");
  });

  await t.test("answers 502 for a head that has no end, and for a program that can't be started", async () => {
    assert.equal((await instance.get("/cgi-bin/endless.sh")).status, 502);
    assert.equal((await instance.get("/cgi-bin/nowhere.sh")).status, 502);
  });

  await t.test("hears a script that does not read its body", async () => {
    const answer = await instance.get("/cgi-bin/deaf.sh", { method: "POST", body: "x".repeat(1_000_000) });
    assert.equal(answer.body, "heard nothing");
  });

  await t.test("answers 500 where a request is too large for an environment, and serves on", async () => {
    const { status } = await instance.get(`/cgi-bin/env.py?${"q".repeat(140_000)}`);
    assert.equal(status, 500);
    assert.equal((await instance.get("/cgi-bin/status.sh")).status, 418);
    assert.match(instance.output.err, /env\.py: spawn E2BIG/);
    assert.doesNotMatch(instance.output.err, /edge 0: exited/);
  });

  await t.test("ends a script that has closed its output and goes on, when its time is over", async () => {
    assert.equal((await instance.get("/quick/lingers.sh")).body, "all");
    const pid = Number(fs.readFileSync(pids, "utf8"));
    await until(() => !fs.existsSync(`/proc/${pid}`));
  });

  await t.test("answers 502 for a script that fails, and logs what it said", async () => {
    assert.equal((await instance.get("/cgi-bin/broken.sh")).status, 502);
    await until(
      () => /broken\.sh: no head at all/.test(instance.output.err) && /ended with status 3/.test(instance.output.err),
    );
  });

  await t.test(
    "passes output on as it comes, and ends the script with all it started when the client leaves",
    async () => {
      const client = net.connect(Number(new URL(await instance.url).port), "127.0.0.1");
      client.on("error", () => {}).write("GET /cgi-bin/slow.sh HTTP/1.1\r\nHost: x\r\n\r\n");
      let text = "";
      client.setEncoding("latin1").on("data", (piece: string) => {
        text += piece;
      });
      await until(() => text.includes("first\n"));
      await until(() => processes(pids).length === 2);
      const running = processes(pids);
      assert.ok(running.every(isAlive));
      // A client that only ends its side may still read: this one is gone.
      client.resetAndDestroy();
      await until(() => !running.some(isAlive));
    },
  );

  await t.test("ends a script that takes too long, whatever it does about TERM, and bounds how many run", async () => {
    fs.rmSync(pids, { force: true });
    const slow = instance.get("/quick/mute.sh");
    await until(() => processes(pids).length === 1);
    const busy = await instance.get("/quick/status.sh");
    assert.deepEqual([busy.status, busy.headers["retry-after"]], [503, "1"]);
    assert.equal((await slow).status, 504);
    const running = processes(pids);
    await until(() => !running.some(isAlive));
    await until(async () => (await instance.get("/quick/status.sh")).status === 418);
  });

  await t.test("streams a large answer to a client that reads slowly, whole", async () => {
    const request = http.get(`${await instance.url}/cgi-bin/big.py`, { agent: false });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    let length = 0;
    for await (const piece of response) {
      length += (piece as Buffer).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(length, 20_000_000);
  });
});

function processes(file: string): number[] {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number) : [];
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
