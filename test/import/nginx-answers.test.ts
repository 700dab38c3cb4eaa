import assert from "node:assert/strict";
import net from "node:net";
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
