import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import { type TestContext, test } from "node:test";
import { findInstance } from "../../src/cli/instance.ts";
import { folder, run, start, until } from "../support/instance.ts";

/** A server that answers with its name. */
async function serve(t: TestContext, name: string): Promise<string> {
  const server = http.createServer((_request, response) => response.end(name));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

const CONFIG = (target: string, more = ""): string => `
listeners: [{ address: "127.0.0.1:0" }]
upstreams: { blog: { targets: ["http://${target}"]${more} } }
sites: [{ routes: [{ proxy: blog }] }]
`;

test("targets are added, drained and removed while they serve, and a new edge has the changes too", {
  timeout: 60_000,
}, async (t) => {
  const [one, two] = [await serve(t, "one"), await serve(t, "two")];
  const cwd = folder(t, { "propylon.yaml": CONFIG(one) });
  const instance = start(t, ["run"], { cwd });
  const names = async (): Promise<string> => {
    const seen = new Set<string>();
    for (let i = 0; i < 8; i++) seen.add((await instance.get("/")).body);
    return [...seen].sort().join(" ");
  };
  const change = async (...words: string[]) => {
    const { code, out, err } = await run(["upstream", "blog", ...words], cwd);
    assert.equal(code, 0, err);
    return out;
  };
  assert.equal(await names(), "one");
  assert.match(await change("add", two, "--weight", "2"), new RegExp(`  ${two}  up, weight 2, 0 in flight`));
  assert.equal(await names(), "one two");
  assert.match(await change("drain", one), new RegExp(`${one}  down`));
  assert.equal(await names(), "two");

  const edge = /edge 0: is ready pid=(\d+)/g;
  const pid = Number([...instance.output.err.matchAll(edge)].at(-1)![1]);
  process.kill(pid, "SIGKILL");
  await until(() => [...instance.output.err.matchAll(edge)].length === 2);
  assert.equal(await names(), "two");

  // Each command is a process of its own: these two go the way that it goes, without one.
  const client = findInstance({ directory: cwd });
  await client.upstreams({ name: "blog", change: { kind: "set", address: one, settings: { down: false } } });
  await client.upstreams({ name: "blog", change: { kind: "remove", address: two } });
  assert.equal(await names(), "one");
  const [listed, ...failures] = await Promise.all([
    run(["upstream", "--json"], cwd),
    ...MISTAKES(one).map(([words]) => run([...words], cwd)),
  ]);
  const upstreams = JSON.parse(listed.out) as { targets: { target: string }[] }[];
  assert.deepEqual(
    upstreams.map(({ targets }) => targets.map(({ target }) => target)),
    [[one]],
  );
  for (const [at, [words, message]] of MISTAKES(one).entries()) {
    assert.notEqual(failures[at]!.code, 0, words.join(" "));
    assert.match(failures[at]!.err, message);
  }
});

const MISTAKES = (there: string): readonly (readonly [readonly string[], RegExp])[] => [
  [["upstream", "blgo"], /There is no upstream blgo\n.*did you mean "?blog/],
  [["upstream", "blog", "remove", "10.0.0.1:1"], /there is no such target/],
  [["upstream", "blog", "add", there], /it is there already/],
  [["upstream", "blog", "paint", there], /"paint" is not done to an upstream/],
];
