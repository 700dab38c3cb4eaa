import assert from "node:assert/strict";
import { test } from "node:test";
import { NGINX, startNginx } from "../routes/real-nginx.ts";
import { folder } from "../support/instance.ts";
import { get, send, serveNginx } from "./client.ts";

const SAY = 'return 200 "$remote_addr $realip_remote_addr $scheme $http_x_forwarded_for $proxy_add_x_forwarded_for";';
const server = (port: number, name: string, settings: string): string =>
  `server { listen 127.0.0.1:${port}; server_name ${name}; ${settings} location / { ${SAY} } }`;

const CONF = (port: number): string =>
  [
    server(port, "none", ""),
    server(port, "plain", "set_real_ip_from 127.0.0.1;"),
    server(port, "last", "set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For;"),
    server(
      port,
      "all",
      "set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on;",
    ),
    server(port, "other", "set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For;"),
    server(port, "own", "set_real_ip_from 127.0.0.0/8; real_ip_header CF-Connecting-IP; real_ip_recursive on;"),
  ].join("\n");

const FIELDS: readonly (readonly string[])[] = [
  [],
  ["X-Forwarded-For: 198.51.100.7"],
  ["X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.1.1.1, 10.2.2.2"],
  ["X-Forwarded-For: 10.1.1.1, 10.2.2.2"],
  ["X-Forwarded-For: evil, 10.2.2.2"],
  ["X-Forwarded-For: 198.51.100.7, unknown"],
  ["X-Forwarded-For: 198.51.100.7:4711"],
  ["X-Forwarded-For: [2001:db8::7]:80"],
  ["X-Forwarded-For: 2001:DB8:0::7, 10.1.1.1"],
  ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 198.51.100.7"],
  ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 10.1.1.1"],
  ["X-Forwarded-For: 198.51.100.7,"],
  ["X-Forwarded-For: "],
  ["X-Real-IP: 198.51.100.7", "X-Forwarded-For: 203.0.113.9"],
  ["X-Real-IP: nobody"],
  ["CF-Connecting-IP: 198.51.100.7", "X-Forwarded-Proto: https"],
];

test("clients behind proxies are found out as nginx finds them out", {
  skip: NGINX === undefined && "nginx is not installed",
}, async (t) => {
  const nginx = await startNginx(folder(t), CONF);
  t.after(() => nginx.stop());
  const ours = await serveNginx(t, CONF);
  for (const host of ["none", "plain", "last", "all", "other", "own"])
    for (const fields of FIELDS) {
      const [theirs, own] = await Promise.all([nginx.port, ours].map((port) => send(port, get("/", fields, host))));
      assert.equal(own?.body, theirs?.body, `${host}: ${fields.join(" | ")}`);
    }
});
