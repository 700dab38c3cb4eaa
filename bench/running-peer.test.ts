import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { nginxStatic } from "./peers/nginx-static.ts";
import { cpuSeconds, processTree, proportionalBytes, residentBytes } from "./process-tree.ts";
import { get, RunningPeer } from "./running-peer.ts";

const absent = spawnSync("nginx", ["-v"]).error !== undefined && "nginx is not installed";
const TASK = { module: null, processes: 0, threads: 0 };

test("a peer answers when it is started, all its processes are known, and none is left after it", {
  skip: absent,
}, async (t) => {
  const files = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-peer-"));
  t.after(() => fs.rmSync(files, { recursive: true }));
  fs.writeFileSync(path.join(files, "a.txt"), "content");
  const peer = await RunningPeer.start(nginxStatic(2), TASK, { python: "python3", apps: files, files }, "/a.txt");
  try {
    assert.equal((await get(peer.port, "/a.txt")).body.toString(), "content");
    // A master and two workers.
    assert.equal(peer.pids().length, 3);
    assert.ok(residentBytes(peer.pids()) > proportionalBytes(peer.pids()) && proportionalBytes(peer.pids()) > 0);
  } finally {
    const pids = peer.pids();
    await peer.stop();
    for (const pid of pids) assert.equal(fs.existsSync(`/proc/${pid}`), false, `process ${pid} is gone`);
  }
});

test("a peer that can't start says why and leaves nothing", { skip: absent }, async () => {
  const broken = { ...nginxStatic(1), prepare: () => [{ command: "nginx", args: ["-g", "nonsense;"] }] };
  const before = processTree([process.pid]).length;
  await assert.rejects(
    RunningPeer.start(broken, TASK, { python: "", apps: "", files: "" }, "/"),
    /start nginx: nginx ended[\s\S]*nonsense/,
  );
  assert.equal(processTree([process.pid]).length, before);
});

test("processor time is that of the process", () => {
  const before = cpuSeconds([process.pid]);
  const end = performance.now() + 200;
  while (performance.now() < end);
  const used = cpuSeconds([process.pid]) - before;
  assert.ok(used > 0 && used < 5, `${used} s`);
});
