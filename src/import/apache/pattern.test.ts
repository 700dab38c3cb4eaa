import assert from "node:assert/strict";
import { it } from "node:test";
import { behind, groupsOf, readPattern, withNames, withoutGroups } from "./pattern.ts";

it("patterns of PCRE are read as JavaScript has them, those that it lacks are not", () => {
  assert.deepEqual(readPattern("(?i)^/a"), { regex: "^/a", ignore_case: true });
  assert.deepEqual(readPattern("^[[:alpha:]_]+$"), { regex: "^[A-Za-z_]+$" });
  assert.deepEqual(readPattern("a++\\+"), { regex: "a+\\+" });
  assert.deepEqual(readPattern("(?P<year>\\d+)"), { regex: "(?<year>\\d+)" });
  assert.equal(readPattern("(?1)"), null);
  assert.equal(readPattern("("), null);
});

it("groups can lose their numbers or get names, but for what is escaped or in a class", () => {
  assert.equal(withoutGroups("(a|(b))[(]\\((?:c)"), "(?:a|(?:b))[(]\\((?:c)");
  assert.equal(
    withNames("(a)(?:b)(c)", (number) => `g${number}`),
    "(?<g1>a)(?:b)(?<g2>c)",
  );
  assert.equal(groupsOf("(a)(?:b)(?<n>c)(?=d)(?<!e)[(]"), 2);
});

it("a pattern for what stands behind a path finds there what it finds alone", () => {
  const base = "/a.b/";
  for (const pattern of ["^x$", "^x|^y", "x", "(.*)\\.php$", "^(\\w+)/(\\w+)$", "[^/]+$"])
    for (const rest of ["x", "y", "zx", "x/y", "q.php", "", "/x"]) {
      const alone = new RegExp(pattern).exec(rest);
      const whole = new RegExp(behind(base, pattern)).exec(base + rest);
      assert.deepEqual(whole?.slice(1), alone?.slice(1), `${pattern} ${rest}`);
      assert.equal(new RegExp(behind(base, pattern)).test(`/axb/${rest}`), false);
    }
});
