import { test } from "node:test";
import { largeBodies, passAll } from "../support/flat-memory.ts";

test("memory is flat for 128 MB, whichever way it takes", { timeout: 120_000 }, async (t) => {
  await passAll(t, await largeBodies(t, 128 * 1024 * 1024));
});
