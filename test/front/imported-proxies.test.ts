import assert from "node:assert/strict";
import { test } from "node:test";
import { folder, freePort, start } from "../support/instance.ts";
import { get, send, TELLER, told } from "./client.ts";

test("gunicorn's forwarded_allow_ips and secure_scheme_headers, and its PROXY protocol, hold for its app", async (t) => {
  const [port, proxied] = [await freePort(), await freePort()];
  const cwd = folder(t, {
    "app.py": TELLER,
    "plain.conf.py": `bind = "127.0.0.1:${port}"\nforwarded_allow_ips = "127.0.0.1"\nsecure_scheme_headers = {"X-Scheme": "tls"}\nwsgi_app = "app:app"\n`,
    "proxy.conf.py": `bind = "127.0.0.1:${proxied}"\nproxy_protocol = True\nproxy_allow_ips = "*"\nwsgi_app = "app:app"\n`,
  });
  await start(t, ["run", "plain.conf.py", "proxy.conf.py"], { cwd }).url;
  const plain = told((await send(port, get("/", ["X-Scheme: tls", "X-Forwarded-For: 198.51.100.7"])))!.body);
  assert.equal(plain["wsgi.url_scheme"], "https");
  // Gunicorn believes proxies nothing else, and hides nothing from its app.
  assert.equal(plain["REMOTE_ADDR"], "127.0.0.1");
  assert.equal(plain["HTTP_X_FORWARDED_FOR"], "198.51.100.7");
  assert.equal(told((await send(port, get("/", ["X-Forwarded-Proto: https"])))!.body)["wsgi.url_scheme"], "http");
  const line = "PROXY TCP4 198.51.100.7 192.0.2.1 5000 80\r\n";
  assert.equal(told((await send(proxied, get("/"), { before: line }))!.body)["REMOTE_ADDR"], "198.51.100.7");
  assert.equal(await send(proxied, get("/")), null);
});
