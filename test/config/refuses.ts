import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../src/base/errors.ts";
import { inspectConfig } from "../../src/config/load.ts";
import { folderWith } from "./files.ts";

/** A test for each configuration and the problems that it must have, all of them, each at its place. `here.pem` is there. */
export function refuses(cases: Readonly<Record<string, readonly [string, readonly string[]]>>): void {
  for (const [name, [text, expected]] of Object.entries(cases)) {
    test(`${name} is ${expected.length === 0 ? "taken" : "refused at its place"}`, (t) => {
      const directory = folderWith(t, { "propylon.yaml": text, "here.pem": "" });
      const { errors, loaded } = inspectConfig({ file: ".", profile: null, environment: {}, flags: {}, directory });
      const found = errors.map((error) =>
        describe(error)
          .replace(/^propylon\.yaml:/, "")
          .replaceAll(directory, "DIR"),
      );
      assert.deepEqual(found, expected);
      assert.equal(loaded === null, expected.length > 0);
    });
  }
}
