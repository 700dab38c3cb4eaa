import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { hashSync } from "bcryptjs";
import { hashProblem, parseUsers } from "../config/password-hash.ts";
import { isPassword } from "./password.ts";

const PASSWORDS = ["x", "secret", "päss wörd", "longer than sixteen bytes", "L".repeat(70)];

test("passwords have the hashes that openssl and bcrypt make of them, and no others", () => {
  for (const password of PASSWORDS) {
    const made = ["-1", "-apr1", "-5", "-6"].map((kind) =>
      execFileSync("openssl", ["passwd", kind, password]).toString().trim(),
    );
    const sha = (salt: string) => createHash("sha1").update(password).update(salt).digest();
    const salted = Buffer.concat([sha("salt"), Buffer.from("salt")]).toString("base64");
    for (const hash of [...made, hashSync(password, 4), `{SHA}${sha("").toString("base64")}`, `{SSHA}${salted}`]) {
      assert.equal(hashProblem(hash), null, hash);
      assert.ok(isPassword(Buffer.from(password), hash), `${password} ${hash}`);
      assert.ok(!isPassword(Buffer.from(`${password.slice(0, -1)}?`), hash), `other ${hash}`);
      assert.ok(!isPassword(Buffer.from(""), hash), `empty ${hash}`);
    }
  }
});

test("SHA-crypt counts the rounds that a hash names", () => {
  // From "Unix crypt using SHA-256 and SHA-512", the specification's own test vectors.
  const hashes = [
    "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
    "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
  ];
  for (const hash of hashes) {
    assert.ok(isPassword(Buffer.from("Hello world!"), hash), hash);
    assert.ok(
      !isPassword(Buffer.from("Hello world!"), hash.replace("10000", "10001").replace("ring$5", "rinf$5")),
      hash,
    );
  }
});

test("plain passwords and broken hashes are refused with what to do", () => {
  for (const hash of [
    "secret",
    "abcdefghijklm",
    "$2y$10$short",
    "$y$j9T$x$y",
    "{SHA}x",
    "{PLAIN}x",
    "",
    "$apr1$toolongsalt$x",
  ]) {
    const problem = hashProblem(hash);
    assert.match(problem?.remedy ?? "", /htpasswd -B/, hash);
    assert.ok(!isPassword(Buffer.from(hash), hash));
  }
  assert.match(hashProblem("rl.3StKT.4T8M")!.reason, /DES/);
});

test("a file of users is read line by line, the first of a name counts", () => {
  const { users, refused } = parseUsers(
    "# people\n\nann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=:a comment\r\nann:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nbob:plain\nnothing\n:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n",
  );
  assert.deepEqual([...users], [["ann", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="]]);
  assert.deepEqual(
    refused.map(({ line }) => line),
    [5, 6, 7],
  );
});

test("no password has a NUL, and none is endless", () => {
  const hash = hashSync("a", 4);
  assert.ok(!isPassword(Buffer.from("a\0b"), hash));
  assert.ok(
    !isPassword(
      Buffer.alloc(10_000, "a"),
      "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz1",
    ),
  );
});
