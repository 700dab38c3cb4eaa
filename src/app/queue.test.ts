import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppRequest } from "./app-request.ts";
import { Queue } from "./queue.ts";

const request = (name: string) => ({ name, gone: false }) as unknown as AppRequest & { name: string };
const names = (list: readonly AppRequest[]) =>
  list.map((item) => (item as AppRequest & { name: string }).name).join("");

test("requests leave the queue in the order in which they joined it", () => {
  const queue = new Queue();
  for (const name of "abcd") queue.push(request(name));
  assert.equal(names(queue.take(2)), "ab");
  assert.equal(names(queue.take(9)), "cd");
  assert.equal(queue.length, 0);
});

test("a request whose client left is skipped and not counted", () => {
  const queue = new Queue();
  const [a, b, c] = [request("a"), request("b"), request("c")];
  for (const item of [a, b, c]) queue.push(item);
  a.gone = true;
  queue.left();
  assert.equal(queue.length, 2);
  assert.equal(queue.peek(), b);
  assert.equal(names(queue.take(5)), "bc");
  assert.equal(queue.length, 0);
});

test("a request that goes back is first, whether or not others were taken", () => {
  const queue = new Queue();
  queue.push(request("b"));
  queue.unshift(request("a"));
  assert.equal(names(queue.take(1)), "a");
  queue.unshift(request("x"));
  assert.equal(names(queue.take(5)), "xb");
});

test("a queue of which all left is empty", () => {
  const queue = new Queue();
  const a = request("a");
  queue.push(a);
  a.gone = true;
  queue.left();
  assert.equal(queue.length, 0);
  assert.equal(queue.peek(), undefined);
  assert.deepEqual(queue.take(1), []);
});
