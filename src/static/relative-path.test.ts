import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { relativePath } from "./relative-path.ts";

const CASES: readonly (readonly [path: string, strip: string, expected: string | null])[] = [
  ["/", "", "/"],
  ["/a.css", "", "/a.css"],
  ["/a/b/", "", "/a/b/"],
  ["//a///b", "", "/a/b"],
  ["/static/a.css", "/static/", "/a.css"],
  ["/static/", "/static/", "/"],
  ["/static//a", "/static/", "/a"],
  ["/docs", "/docs", ""],
  ["/docs/", "/docs", "/"],
  ["/docs/a", "/docs", "/a"],
  ["/a", "/", "/a"],
  // Not under the prefix.
  ["/docsx", "/docs", null],
  ["/other/a", "/static/", null],
  ["/static", "/static/", null],
  ["*", "", null],
  ["", "", null],
  ["a", "", null],
  // Dot files, and the one exception.
  ["/.env", "", null],
  ["/a/.git/config", "", null],
  ["/static/.env", "/static/", null],
  ["/.git/config", "/.git/", null],
  ["/...", "", null],
  ["/.well-known/security.txt", "", "/.well-known/security.txt"],
  ["/.well-known/security.txt", "/.well-known/", "/security.txt"],
  ["/.well-known/.env", "", null],
  ["/a/.well-known/x", "", null],
  ["/.well-knownx", "", null],
  // What only a broken front could pass on.
  ["/..", "", null],
  ["/../etc/passwd", "", null],
  ["/a/../../etc/passwd", "", null],
  ["/a/..", "", null],
  ["/static/../secret", "/static/", null],
  ["/.", "", null],
  ["/a/./b", "", null],
  ["/a\0.css", "", null],
  ["/..\\..\\etc", "", null],
  ["/a\\b", "", null],
  // Names that only look odd are names.
  ["/a..b", "", "/a..b"],
  ["/a..", "", "/a.."],
  ["/%2e%2e/etc", "", "/%2e%2e/etc"],
  ["/\xc0\xae\xc0\xae/etc", "", "/\xc0\xae\xc0\xae/etc"],
  ["/\xc3\xa9", "", "/\xc3\xa9"],
];

for (const [path, strip, expected] of CASES) {
  test(`${JSON.stringify(path)} without ${JSON.stringify(strip)} is ${expected === null ? "refused" : JSON.stringify(expected)}`, () => {
    assert.equal(relativePath(path, strip, false), expected);
  });
}

test("with dot files allowed they are found, and dot segments still are not", () => {
  assert.equal(relativePath("/.env", "", true), "/.env");
  assert.equal(relativePath("/a/.git/config", "", true), "/a/.git/config");
  for (const path of ["/..", "/../x", "/a/../x", "/.", "/a/.", "/.\0", "/.\\"])
    assert.equal(relativePath(path, "", true), null);
});

test("nothing that comes out can lead up or be cut short", () => {
  const piece = fc.constantFrom("/", "//", ".", "..", "...", "a", "\\", "\0", "%2e", "\xc0\xae", "static", ".env");
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 10 }),
      fc.constantFrom("", "/", "/static", "/static/"),
      fc.boolean(),
      (pieces, strip, dotfiles) => {
        const relative = relativePath(`/${pieces.join("")}`, strip, dotfiles);
        if (relative === null || relative === "") return;
        assert.ok(relative.startsWith("/"));
        const segments = relative.split("/");
        assert.ok(!segments.includes("..") && !segments.includes(".") && !/[\0\\]/.test(relative));
        if (!dotfiles) assert.ok(!segments.some((segment) => segment.startsWith(".")));
      },
    ),
    { numRuns: 2000 },
  );
});
