import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { load } from "../asgi/load.ts";
import { folder, run, start, until } from "../support/instance.ts";

const APP = fs.readFileSync(path.join(import.meta.dirname, "..", "asgi", "apps", "plain.py"), "utf8");

const CONFIG = "apps: { plain: { asgi: plain:app, workers: 2 } }";

async function pids(cwd: string): Promise<number[]> {
  const { out } = await run(["status", "--json"], cwd);
  const { processes } = JSON.parse(out) as { processes: { name: string; pid: number; state: string }[] };
  return processes.filter(({ name, state }) => name.startsWith("plain/") && state === "running").map(({ pid }) => pid);
}

test("a worker killed with -9 under load loses only what was in it and can't be repeated", async (t) => {
  const cwd = folder(t, { "plain.py": APP, "propylon.yaml": CONFIG });
  const app = start(t, ["run", "--listen", "127.0.0.1:0"], { cwd });
  const url = await app.url;
  const repeated = load(url, "/slow?0.05", 8, "slow");
  const others = load(url, "/slow?0.05", 8, "slow", "POST");
  for (let times = 0; times < 3; times++) {
    const before = others.answered;
    await until(() => others.answered > before + 20);
    const all = await pids(cwd);
    process.kill(all[0]!, "SIGKILL");
    await until(async () => {
      const now = await pids(cwd);
      return now.length === 2 && !now.includes(all[0]!);
    });
  }
  await repeated.stop();
  await others.stop();
  assert.deepEqual([repeated.failed, repeated.wrong], [[], []]);
  assert.deepEqual(others.wrong, []);
  // At most those of one worker, three times; each is told so.
  assert.ok(others.failed.length <= 3 * 8, `${others.failed.length} failed`);
  for (const failure of others.failed) assert.match(failure, /^502 /);
});

test("an upload of 100 MB costs no memory worth the name, in the worker or in the edge", async (t) => {
  const cwd = folder(t, { "plain.py": APP, "propylon.yaml": CONFIG.replace("workers: 2", "workers: 1") });
  const app = start(t, ["run", "--listen", "127.0.0.1:0"], { cwd });
  const peak = async (): Promise<number[]> => {
    const { out } = await run(["status", "--json"], cwd);
    const { processes } = JSON.parse(out) as { processes: { name: string; pid: number }[] };
    return processes
      .filter(({ name }) => name !== "main")
      .map(({ pid }) => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024);
  };
  // What V8 has not collected yet is there after this; what would keep a body is not.
  await app.get("/upload", { method: "POST", body: Buffer.alloc(20_000_000) });
  const before = await peak();
  const answer = await app.get("/upload", { method: "POST", body: Buffer.alloc(100_000_000) });
  assert.match(answer.body, /^100000000 /);
  const after = await peak();
  after.forEach((bytes, at) => {
    const grown = (bytes - before[at]!) / 1e6;
    assert.ok(grown < 50, `process ${at} grew by ${grown} MB`);
  });
});
