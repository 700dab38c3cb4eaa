import assert from "node:assert/strict";
import { test } from "node:test";
import { accountOf, findGroup, findUser } from "./accounts.ts";

test("users and groups are found by their names, and taken by their numbers", () => {
  assert.deepEqual(findUser("root"), { uid: 0, gid: 0 });
  assert.deepEqual(findUser("0"), { uid: 0, gid: 0 });
  assert.deepEqual(findUser("54321"), { uid: 54_321, gid: 54_321 });
  assert.equal(findGroup("root"), 0);
  assert.equal(findGroup("2000"), 2000);
  assert.deepEqual(accountOf("54321", "2000"), { uid: 54_321, gid: 2000 });
});

test("a name that nobody has is refused", () => {
  assert.throws(() => findUser("nobody-has-it"), { message: 'No user "nobody-has-it" on this machine' });
  assert.throws(() => findGroup("nobody-has-it"), { message: 'No group "nobody-has-it" on this machine' });
});
