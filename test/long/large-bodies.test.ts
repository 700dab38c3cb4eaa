import { test } from "node:test";
import { largeBodies, passAll } from "../support/flat-memory.ts";

test("memory is flat for 1 GB, whichever way it takes", { timeout: 300_000 }, async (t) => {
  await passAll(t, await largeBodies(t, 1024 * 1024 * 1024));
});
