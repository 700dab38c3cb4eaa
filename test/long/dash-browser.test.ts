import assert from "node:assert/strict";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { CHROMIUM, openPage } from "../examples/browser.ts";
import { example } from "../examples/example.ts";
import { freePort, type Instance } from "../support/instance.ts";

async function dash(t: TestContext): Promise<Instance> {
  const { serve } = await example(t, "dash");
  return serve(["run"], {
    BLOG_PORT: String(await freePort()),
    PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`,
  });
}

test("in a browser the callbacks draw the graph, and draw it anew on a click", {
  skip: CHROMIUM === null ? "no Chromium on PATH" : false,
}, async (t) => {
  const app = await dash(t);
  const page = await openPage(t, `${await app.url}/dash/`);
  const text = (terms: number) =>
    page.value(`(document.querySelector("#error")?.textContent ?? "").startsWith("${terms} terms: off by") || null`);
  assert.equal(await text(3), true);
  assert.equal(await page.value(`document.querySelector("#wave .scatterlayer path.js-line") && true`), true);
  await page.value(`(document.querySelector("#more").click(), true)`);
  assert.equal(await text(5), true);
});
