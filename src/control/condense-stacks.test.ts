import assert from "node:assert/strict";
import { test } from "node:test";
import { condenseStacks } from "./condense-stacks.ts";

const TEXT = `Fatal Python error: Segmentation fault

Current thread 0x00007f9cbeffd6c0 [lane 2: GET /crash] (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "/srv/app.py", line 7 in app
  File "/x/propylon_worker/exchange.py", line 44 in run
  File "/x/propylon_worker/lanes.py", line 162 in lane
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap

Thread 0x00007f9cbf7fe6c0 [lane 1] (most recent call first):
  File "/x/propylon_worker/lanes.py", line 142 in lane
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap

Thread 0x00007f9cbf7fe6c1 (most recent call first):
  File "/srv/jobs.py", line 9 in work
  File "/usr/lib/python3.11/threading.py", line 982 in run
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap

Thread 0x00007f9cc65f5b81 (most recent call first):
  File "/srv/app.py", line 1 in <module>
  File "<frozen importlib._bootstrap>", line 241 in _call_with_frames_removed
  File "/x/propylon_worker/load.py", line 33 in _module

Thread 0x00007f9cc65f5b80 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 327 in wait
  File "/x/propylon_worker/lanes.py", line 77 in run
  File "<frozen runpy>", line 88 in _run_code
`;

test("of each thread the frames of the app are kept, and waiting threads of ours are counted", () => {
  assert.equal(
    condenseStacks(TEXT),
    `Fatal Python error: Segmentation fault
Current thread 0x00007f9cbeffd6c0 [lane 2: GET /crash] (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "/srv/app.py", line 7 in app
Thread 0x00007f9cbf7fe6c1 (most recent call first):
  File "/srv/jobs.py", line 9 in work
Thread 0x00007f9cc65f5b81 (most recent call first):
  File "/srv/app.py", line 1 in <module>
(2 more threads of the worker itself, waiting)`,
  );
});

test("what is no stack stays as it is", () => {
  assert.equal(condenseStacks("(it was stopped by a signal)\n"), "(it was stopped by a signal)");
  assert.equal(condenseStacks(""), "");
});
