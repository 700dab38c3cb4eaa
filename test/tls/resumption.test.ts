import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import tls from "node:tls";
import { folder, freePort, start, until } from "../support/instance.ts";
import { makeCertificate } from "./certificates.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

interface Visit {
  readonly answered: boolean;
  readonly resumed: boolean;
  /** The last ticket that came, for a next visit. */
  readonly session: Buffer | null;
}

/** One request on a connection of its own. */
function visit(port: number, options: tls.ConnectionOptions): Promise<Visit> {
  return new Promise((resolve) => {
    let session: Buffer | null = null;
    let answered = false;
    let resumed = false;
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      resumed = socket.isSessionReused();
      socket.write("GET / HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n");
    });
    socket.on("session", (one: Buffer) => {
      session = one;
    });
    socket.on("data", (piece: Buffer) => {
      answered ||= piece.toString("latin1").startsWith("HTTP/1.1 200");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve({ answered, resumed, session }));
  });
}

async function serve(t: TestContext, cwd: string, settings: string) {
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), settings);
  const instance = start(t, ["run"], { cwd });
  await instance.url;
  await until(() => instance.output.err.includes("main: ready"));
  return instance;
}

const PAGE = "sites: [{routes: [{respond: {body: hello}}]}]";

test("a session goes on with another edge, after a reload and after a renewal", async (t) => {
  const port = await freePort();
  const cwd = folder(t);
  makeCertificate(cwd, "site", ["site.example"]);
  const settings = (more: string): string =>
    `listeners: [{address: "127.0.0.1:${port}", tls: {certificate: site.pem, key: site.key}}]\n${more}${PAGE}\n`;
  const instance = await serve(t, cwd, settings(""));
  const sessions = await Promise.all(
    VERSIONS.map(async (version) => {
      const { session } = await visit(port, { minVersion: version, maxVersion: version });
      assert.ok(session !== null, version);
      return { minVersion: version, maxVersion: version, session };
    }),
  );
  const goesOn = async (when: string): Promise<void> => {
    for (const one of sessions) {
      const { answered, resumed } = await visit(port, one);
      assert.deepEqual([answered, resumed], [true, true], `${one.minVersion} ${when}`);
    }
  };
  await goesOn("at once");
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), settings("timeouts: {idle: 33s}\n"));
  instance.process.kill("SIGHUP");
  await until(() => instance.output.err.includes("main: changed"));
  await goesOn("after a reload");
  makeCertificate(cwd, "site", ["site.example"]);
  await until(() => instance.output.err.includes("the certificate was renewed"));
  await goesOn("after a renewal");
  const main = instance.process.pid!;
  const children = fs.readFileSync(`/proc/${main}/task/${main}/children`, "utf8").trim().split(" ");
  const edge = children.find((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("edge"))!;
  process.kill(Number(edge), "SIGKILL");
  await until(() => !fs.existsSync(`/proc/${edge}`));
  await goesOn("with another edge");
});

test("a session of a listener that asks for no certificate does not open one that does, nor do those from before it did", async (t) => {
  const [open, closed] = [await freePort(), await freePort()];
  const cwd = folder(t);
  makeCertificate(cwd, "site", ["site.example"]);
  const client = makeCertificate(cwd, "client", ["client.example"]);
  const own = { cert: fs.readFileSync(client.certificate), key: fs.readFileSync(client.key) };
  const pair = "certificate: site.pem, key: site.key";
  const settings = (more: string): string => `listeners:
  - {address: "127.0.0.1:${open}", tls: {${pair}${more}}}
  - {address: "127.0.0.1:${closed}", tls: {${pair}, client_ca: client.pem, client: required}}
${PAGE}
`;
  const instance = await serve(t, cwd, settings(""));
  for (const version of VERSIONS) {
    const versions = { minVersion: version, maxVersion: version };
    const free = await visit(open, versions);
    assert.ok(free.answered && free.session !== null);
    assert.equal((await visit(closed, versions)).answered, false, "it wants a certificate");
    assert.equal((await visit(closed, { ...versions, session: free.session })).answered, false, version);
    const known = await visit(closed, { ...versions, ...own });
    assert.ok(known.answered && known.session !== null);
    const again = await visit(closed, { ...versions, ...own, session: known.session });
    assert.deepEqual([again.answered, again.resumed], [true, true], version);
  }
  const before = await visit(open, {});
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), settings(", client_ca: client.pem, client: required"));
  instance.process.kill("SIGHUP");
  await until(async () => !(await visit(open, {})).answered);
  assert.equal((await visit(open, { session: before.session! })).answered, false, "a session from before");
  assert.equal((await visit(open, own)).answered, true);
});

test("another list of authorities is read when its file changes: who is no longer on it is shut out, sessions included", async (t) => {
  const port = await freePort();
  const cwd = folder(t);
  makeCertificate(cwd, "site", ["site.example"]);
  const [one, two] = [makeCertificate(cwd, "one", ["one.example"]), makeCertificate(cwd, "two", ["two.example"])];
  const read = ({ certificate, key }: { certificate: string; key: string }) => ({
    cert: fs.readFileSync(certificate),
    key: fs.readFileSync(key),
  });
  const list = path.join(cwd, "list.pem");
  fs.copyFileSync(one.certificate, list);
  const instance = await serve(
    t,
    cwd,
    `listeners: [{address: "127.0.0.1:${port}", tls: {certificate: site.pem, key: site.key, client_ca: list.pem}}]\n${PAGE}\n`,
  );
  const first = await visit(port, read(one));
  assert.ok(first.answered);
  assert.equal((await visit(port, read(two))).answered, false);
  // What can't be read changes nothing.
  fs.writeFileSync(list, "no certificate");
  await until(() => /keeps its (?:certificate|settings|authorities).*list\.pem/.test(instance.output.err));
  assert.ok((await visit(port, read(one))).answered);
  execFileSync("cp", [two.certificate, list]);
  await until(async () => (await visit(port, read(two))).answered);
  assert.equal((await visit(port, read(one))).answered, false);
  assert.equal((await visit(port, { ...read(one), session: first.session! })).answered, false);
});
