import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { folder, freePort, start, until } from "../support/instance.ts";

test("stub_status answers NGINX's text from the figures of all connections", async (t) => {
  const port = await freePort();
  const at = folder(t, {
    "nginx.conf": `pid nginx.pid; events {} http { server { listen 127.0.0.1:${port}; location = /status { stub_status; }
      location / { add_header X-Active $connections_active; return 200 ok; } } }`,
  });
  const instance = start(t, ["nginx", "-p", at, "-c", "nginx.conf", "-g", "daemon off;"], { cwd: at });
  await instance.url;
  const silent = net.connect(port, "127.0.0.1");
  t.after(() => silent.destroy());
  const figures = async (): Promise<number[]> => {
    const { body } = await instance.get("/status");
    const form =
      /^Active connections: (\d+) \nserver accepts handled requests\n (\d+) (\d+) (\d+) \nReading: (\d+) Writing: (\d+) Waiting: (\d+) \n$/;
    return form.exec(body)?.slice(1).map(Number) ?? [];
  };
  // This very request is answered while another client says nothing.
  await until(async () => {
    const [active, , , , reading, writing, waiting] = await figures();
    return active === 2 && reading === 0 && writing === 1 && waiting === 1;
  });
  const [, accepted, handled, requests] = await figures();
  assert.equal(accepted, handled);
  assert.equal(accepted! - requests!, 1, "the silent one has asked nothing");
  silent.write("GET / HTTP/1.1\r\nHost: a");
  await until(async () => {
    const [, , , , reading, writing, waiting] = await figures();
    return reading === 1 && writing === 1 && waiting === 0;
  });
  await until(async () => (await instance.get("/")).headers["x-active"] === "2");
});

test("expires holds for files, upstreams and returns, from the last change, until a time of day, and by variables", async (t) => {
  const port = await freePort();
  const at = folder(t, {
    "html/a.css": "a",
    "html/b.txt": "b",
    "nginx.conf": `pid nginx.pid; events {} http {
      map $sent_http_content_type $lasting { default off; text/css max; ~text/plain 10m; }
      server { listen 127.0.0.1:${port};
        location / { expires $lasting; }
        location /changed/ { alias html/; expires modified 1h; }
        location /daily/ { alias html/; expires @4h30m; }
        location /text { expires -1; return 200 text; }
        location /up/ { proxy_pass http://127.0.0.1:${port}/; expires 2h; location /up/b { expires off; proxy_pass http://127.0.0.1:${port}/text; } }
      } }`,
  });
  fs.utimesSync(path.join(at, "html/b.txt"), 1_000_000, 1_000_000);
  const instance = start(t, ["nginx", "-p", at, "-c", "nginx.conf", "-g", "daemon off;"], { cwd: at });
  await instance.url;
  const fields = async (target: string): Promise<readonly [string | undefined, string | undefined]> => {
    const { headers } = await instance.get(target);
    return [headers["cache-control"], headers.expires];
  };
  assert.deepEqual(await fields("/a.css"), ["max-age=315360000", "Thu, 31 Dec 2037 23:55:55 GMT"]);
  assert.equal((await fields("/b.txt"))[0], "max-age=600");
  assert.deepEqual(await fields("/absent"), [undefined, undefined]);
  assert.deepEqual(await fields("/changed/b.txt"), ["no-cache", new Date(1_003_600_000).toUTCString()]);
  const [lasting = "", until = ""] = await fields("/daily/b.txt");
  const time = new Date(until);
  assert.equal(`${time.getHours()}:${time.getMinutes()}`, "4:30");
  assert.ok(Number(/^max-age=(\d+)$/.exec(lasting)![1]) <= 86_400);
  assert.equal((await fields("/text"))[0], "no-cache");
  assert.equal((await fields("/up/a.css"))[0], "max-age=7200");
  assert.equal((await fields("/up/b"))[0], "no-cache", "as the upstream says");
});

test("index files have variables in their names, and a path of its own is gone to", async (t) => {
  const port = await freePort();
  const at = folder(t, {
    "html/start.html": "start",
    "html/d/one.html": "one",
    "html/d/two.html": "two",
    "secret.html": "secret",
    "nginx.conf": `pid nginx.pid; events {} http { server { listen 127.0.0.1:${port}; server_name first.test;
      location /d/ { index $arg_i.html $server_name.html /start.html; }
      location /loop/ { index /loop/; } } }`,
  });
  const instance = start(t, ["nginx", "-p", at, "-c", "nginx.conf", "-g", "daemon off;"], { cwd: at });
  for (const [target, body] of [
    ["/d/?i=one", "one"],
    ["/d/?i=two", "two"],
    ["/d/?i=one", "one"],
    ["/d/?i=../../secret", "start"],
    ["/d/", "start"],
  ] as const)
    assert.equal((await instance.get(target)).body, body, target);
  assert.equal((await instance.get("/loop/")).status, 500);
});

test("a map of host names takes a name that ends with a dot for the name", async (t) => {
  const port = await freePort();
  const at = folder(t, {
    "nginx.conf": `pid nginx.pid; events {} http { map $http_x_name $kind { hostnames; default none; *.example.org under; example.com itself; }
      server { listen 127.0.0.1:${port}; return 200 $kind; } }`,
  });
  const instance = start(t, ["nginx", "-p", at, "-c", "nginx.conf", "-g", "daemon off;"], { cwd: at });
  for (const [name, kind] of [
    ["a.example.org.", "under"],
    ["example.com.", "itself"],
    ["example.net.", "none"],
  ] as const)
    assert.equal((await instance.get("/", { headers: { "X-Name": name } })).body, kind, name);
});
