import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";

const FUZZ = path.join(import.meta.dirname, "..", "..", "tools", "fuzz.ts");

test("three seconds of mutated messages find nothing in either engine, and leave no connection open", async () => {
  const said = await new Promise<string>((resolve, reject) =>
    execFile(process.execPath, [FUZZ, "--seconds", "3", "--seed", "20260"], (error, out, err) =>
      error === null ? resolve(out) : reject(new Error(`${out}${err}`)),
    ),
  );
  assert.match(said, /^[1-9]\d+ cases, 0 failures$/m);
});
