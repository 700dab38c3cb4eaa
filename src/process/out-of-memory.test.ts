import assert from "node:assert/strict";
import { test } from "node:test";
import { OutOfMemory } from "./out-of-memory.ts";

function machine(files: Record<string, string>): OutOfMemory {
  return new OutOfMemory((path) => files[path] ?? null);
}

test("a kill is out of memory when the counter of the process's cgroup has grown, with either version of cgroups", () => {
  const versions: readonly (readonly [string, string, string])[] = [
    ["0::/shop\n", "/sys/fs/cgroup/shop/memory.events", "/sys/fs/cgroup/shop/memory.max"],
    [
      "4:memory:/shop\n0::/\n",
      "/sys/fs/cgroup/memory/shop/memory.oom_control",
      "/sys/fs/cgroup/memory/shop/memory.limit_in_bytes",
    ],
  ];
  for (const [group, counter, limit] of versions) {
    const files: Record<string, string> = { "/proc/7/cgroup": group, [counter]: "oom_kill 3\n", [limit]: "67108864\n" };
    const kernel = machine(files);
    kernel.note(7);
    files[counter] = "oom_kill 4\n";
    assert.deepEqual(kernel.explain(7), {
      outOfMemory: true,
      text: "out of memory: the kernel ended it for its memory cgroup, whose limit is 64 MB",
    });
  }
});

test("a kill while no counter grows came from outside", () => {
  const kernel = machine({ "/proc/7/cgroup": "0::/shop\n", "/sys/fs/cgroup/shop/memory.events": "oom_kill 3\n" });
  kernel.note(7);
  assert.equal(kernel.explain(7).outOfMemory, false);
});

test("one kill by the kernel explains one process", () => {
  const counter = "/sys/fs/cgroup/shop/memory.events";
  const files: Record<string, string> = {
    "/proc/7/cgroup": "0::/shop\n",
    "/proc/8/cgroup": "0::/shop\n",
    [counter]: "oom_kill 0\n",
  };
  const kernel = machine(files);
  kernel.note(7);
  kernel.note(8);
  files[counter] = "oom_kill 1\n";
  assert.equal(kernel.explain(7).outOfMemory, true);
  assert.equal(kernel.explain(8).outOfMemory, false);
});

test("where only the machine's counter grows, it is the likely cause", () => {
  const files: Record<string, string> = { "/proc/7/cgroup": "0::/shop\n", "/proc/vmstat": "pgpgin 1\noom_kill 2\n" };
  const kernel = machine(files);
  kernel.note(7);
  files["/proc/vmstat"] = "pgpgin 1\noom_kill 3\n";
  assert.match(kernel.explain(7).text, /^most likely out of memory/);
});
