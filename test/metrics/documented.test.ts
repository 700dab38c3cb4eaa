import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folder, freePort, HELLO, until } from "../support/instance.ts";
import { makeCertificate } from "../tls/certificates.ts";
import { complaints, PROMTOOL_ABSENT } from "./promtool.ts";
import { type Scraped, serve } from "./scraped.ts";

const PAGE = fs.readFileSync(path.join(import.meta.dirname, "../../docs/metrics.md"), "utf8");

interface Whole {
  readonly scraped: Scraped;
  readonly port: number;
  readonly expires: number;
}

/** An instance of which nearly every part has something to tell. */
async function whole(t: TestContext): Promise<Whole> {
  const pair = makeCertificate(folder(t), "site", ["a.example", "b.example"]);
  const port = await freePort();
  const closed = await freePort();
  const config = {
    listeners: ["127.0.0.1:0", { address: `127.0.0.1:${port}`, tls: pair }],
    apps: { app: { wsgi: "app:app", workers: 1 } },
    programs: { sleeper: { command: "sleep 600", health: { command: "true" } } },
    upstreams: { back: { targets: [`http://127.0.0.1:${closed}`] } },
    sites: [{ routes: [{ path: "/back", proxy: "back" }, { path: "/kept", cache: true, app: "app" }, { app: "app" }] }],
  };
  const scraped = await serve(t, config, { "app.py": HELLO });
  for (const target of ["/", "/kept", "/back"]) await scraped.instance.get(target);
  await new Promise<void>((resolve, reject) => {
    const url = `https://127.0.0.1:${port}/`;
    https
      .get(url, { agent: false, rejectUnauthorized: false }, (response) => response.resume().on("end", resolve))
      .on("error", reject);
  });
  const plain = net.connect(port, "127.0.0.1").end("this is no TLS\r\n\r\n");
  await once(plain.resume(), "close");
  const tlsFailed = `propylon_tls_handshakes_total{listener="127.0.0.1:${port}",result="failed"}`;
  await until(async () => (await scraped.series()).get(tlsFailed) === 1);
  const { validTo } = new (await import("node:crypto")).X509Certificate(fs.readFileSync(pair.certificate));
  return { scraped, port, expires: Date.parse(validTo) / 1000 };
}

test("every part tells its figures, each is in docs/metrics.md with its type and labels, and promtool finds no fault", async (t) => {
  const { scraped, port, expires } = await whole(t);
  const { body } = await scraped.scrape();
  const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  assert.ok(types.length > 55, `${types.length} families`);
  for (const [, name = "", type] of types) {
    const row = PAGE.split("\n").find((line) => line.startsWith("| ") && line.split("|")[1]!.includes(`\`${name}\``));
    assert.ok(row, `${name} is documented`);
    const [, , documented, labels] = row.split("|").map((cell) => cell.trim());
    assert.equal(documented, type, name);
    const told = new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\}`, "m").exec(body)?.[1] ?? "";
    const names = [...told.matchAll(/(\w+)="/g)].map((match) => match[1]).filter((label) => label !== "le");
    assert.equal(labels, names.join(", "), `labels of ${name}`);
  }
  if (PROMTOOL_ABSENT === false) assert.equal(complaints(body), "");

  const series = await scraped.series();
  const listener = `listener="127.0.0.1:${port}"`;
  assert.equal(series.get(`propylon_tls_handshakes_total{${listener},result="ok"}`), 1);
  for (const name of ["a.example", "b.example"])
    assert.equal(series.get(`propylon_tls_certificate_expiry_timestamp_seconds{${listener},name="${name}"}`), expires);
  assert.equal(series.get(`propylon_listener_connections_total{${listener}}`), 2);
  assert.equal(series.get(`propylon_listener_connections_open{${listener}}`), 0);
  // The certificate alone has more than 300 bytes.
  assert.ok(series.get(`propylon_listener_sent_bytes_total{${listener}}`)! > 300);
  assert.ok(series.get(`propylon_listener_received_bytes_total{${listener}}`)! > 100);
  const other = [...series].filter(
    ([name]) => name.startsWith("propylon_listener_sent_bytes_total") && !name.includes(String(port)),
  );
  assert.ok(other[0]![1] > 100, "bytes of the plain listener");
  assert.ok(series.get('propylon_process_cpu_seconds_total{process="edge 0"}')! > 0);
  assert.ok(series.get('propylon_event_loop_busy_seconds_total{process="main"}')! > 0);
});
