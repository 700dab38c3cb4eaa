import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Exchange, ResponseBody } from "../../src/http/exchange.ts";
import { RequestHeaders } from "../../src/http/request-headers.ts";
import type { ResponseHead } from "../../src/http/response-head.ts";
import { StaticCache } from "../../src/static/cache.ts";
import { createStaticHandler } from "../../src/static/handler.ts";
import { BASE } from "./settings.ts";
import { openFilesBelow, openSite, put, type TestSite, until } from "./site.ts";

let site: TestSite;
let handler: ReturnType<typeof createStaticHandler>;
/** Added to both clocks, so that no test waits for a second to pass. */
let ahead = 0;
const realNow = performance.now.bind(performance);
const realTime = Date.now;

beforeEach(async () => {
  site = await openSite();
  handler = createStaticHandler({ ...BASE, root: site.root }, new StaticCache());
  ahead = 0;
  performance.now = () => realNow() + ahead;
  Date.now = () => realTime() + ahead;
});
afterEach(async () => {
  performance.now = realNow;
  Date.now = realTime;
  await until("all files are closed", () => openFilesBelow(site.folder) === 0);
  await site.close();
});

test("a hit is answered within the call", async () => {
  put(join(site.root, "a.txt"), "a");
  await get("/a.txt");
  const answers = handled("/a.txt");
  assert.equal(answers.length, 1);
  assert.equal(answers[0]!.text, "a");
});

test("hits share one head and one body", async () => {
  put(join(site.root, "a.txt"), "a");
  await get("/a.txt");
  const [one] = handled("/a.txt");
  const [other] = handled("/a.txt", ["accept", "accept-encoding"], ["*/*", "gzip"]);
  assert.equal(one!.head, other!.head);
  assert.equal(one!.body, other!.body);
});

test("a file is not looked at again within a second, and is after it", async () => {
  const path = join(site.root, "a.txt");
  put(path, "old");
  await get("/a.txt");
  put(path, "new!");
  ahead = 900;
  assert.equal((await get("/a.txt")).text, "old");
  ahead = 1100;
  assert.equal((await get("/a.txt")).text, "new!");
});

test("a file that has not changed is served from memory after the check", async () => {
  settled("a.txt", "same");
  const first = await get("/a.txt");
  ahead += 1500;
  const second = await get("/a.txt");
  assert.equal(second.body, first.body);
  assert.equal(handled("/a.txt").length, 1);
});

test("a deleted file is gone after a second, a new one is found at once", async () => {
  const path = join(site.root, "a.txt");
  assert.equal((await get("/a.txt")).status, 404);
  put(path, "a");
  assert.equal((await get("/a.txt")).status, 200);
  rmSync(path);
  ahead += 1500;
  assert.equal((await get("/a.txt")).status, 404);
});

test("a file that was new when it was read is read again, as its times may not tell of another change", async () => {
  const path = join(site.root, "a.txt");
  put(path, "one");
  const first = await get("/a.txt");
  ahead += 1500;
  const second = await get("/a.txt");
  assert.notEqual(second.body, first.body);
  // By now it is old enough.
  ahead += 1500;
  const third = await get("/a.txt");
  ahead += 1500;
  assert.equal((await get("/a.txt")).body, third.body);
});

test("a file replaced by another of the same size and time is noticed", async () => {
  settled("a.txt", "one");
  assert.equal((await get("/a.txt")).text, "one");
  put(join(site.folder, "b.txt"), "two");
  renameSync(join(site.folder, "b.txt"), join(site.root, "a.txt"));
  ahead += 1500;
  assert.equal((await get("/a.txt")).text, "two");
});

test("a file replaced by a link that leads out is refused", async () => {
  settled("a.txt", "inside");
  assert.equal((await get("/a.txt")).status, 200);
  put(join(site.folder, "secret.txt"), "secret");
  rmSync(join(site.root, "a.txt"));
  symlinkSync("../secret.txt", join(site.root, "a.txt"));
  ahead += 1500;
  assert.equal((await get("/a.txt")).status, 404);
});

test("a file that becomes a directory is redirected to, and back again", async () => {
  put(join(site.root, "x"), "file");
  assert.equal((await get("/x")).status, 200);
  rmSync(join(site.root, "x"));
  mkdirSync(join(site.root, "x"));
  ahead += 1500;
  assert.equal((await get("/x")).status, 301);
  rmSync(join(site.root, "x"), { recursive: true });
  put(join(site.root, "x"), "file");
  assert.equal((await get("/x")).status, 200);
});

test("an index of higher rank takes over when it appears", async () => {
  handler = createStaticHandler({ ...BASE, root: site.root, index: ["first.html", "second.html"] }, new StaticCache());
  settled("second.html", "second");
  assert.equal((await get("/")).text, "second");
  put(join(site.root, "first.html"), "first");
  ahead += 1500;
  assert.equal((await get("/")).text, "first");
});

test("a precompressed form that is removed or renewed is noticed after a second, a new one after ten", async () => {
  const br = ["accept-encoding"] as const;
  const path = settled("a.js", "plain");
  settled("a.js.br", "brotli");
  assert.equal((await get("/a.js", br, ["br"])).text, "brotli");
  put(`${path}.br`, "brotli 2");
  ahead += 1500;
  assert.equal((await get("/a.js", br, ["br"])).text, "brotli 2");
  rmSync(`${path}.br`);
  ahead += 1500;
  assert.equal((await get("/a.js", br, ["br"])).text, "plain");
  put(`${path}.br`, "brotli 3");
  ahead += 11_000;
  assert.equal((await get("/a.js", br, ["br"])).text, "brotli 3");
});

test("a file that grows all the time is served with a length that is true", async () => {
  const path = join(site.root, "grows.log");
  put(path, Buffer.alloc(1_100_000, "x"));
  for (let i = 0; i < 20; i++) {
    appendFileSync(path, `line ${i}\n`);
    const answer = await get("/grows.log");
    assert.equal(answer.status, 200);
    assert.equal(answer.length, statSync(path).size);
    assert.ok(
      answer.head!.headers.some(
        ([name, value]) => name === "ETag" && value.endsWith(`-${answer.length.toString(16)}"`),
      ),
    );
  }
});

test("an exchange that joins a look-up begun too long before looks once more", async () => {
  put(join(site.root, "a.txt"), "a");
  // The file stays new, so that a second look shows in a second body.
  Date.now = realTime;
  const early = get("/a.txt");
  ahead += 5000;
  const late = get("/a.txt");
  const [first, second] = [await early, await late];
  assert.deepEqual([first.text, second.text], ["a", "a"]);
  assert.notEqual(first.body, second.body);
});

test("exchanges that ask at once share one look-up", async () => {
  put(join(site.root, "a.txt"), "a");
  const answers = await Promise.all(Array.from({ length: 10 }, () => get("/a.txt")));
  assert.equal(new Set(answers.map((answer) => answer.body)).size, 1);
});

interface Answer {
  readonly status: number;
  readonly head: ResponseHead | null;
  readonly body: ResponseBody;
  readonly text: string;
  readonly length: number;
}

function get(path: string, names: readonly string[] = [], values: readonly string[] = []): Promise<Answer> {
  return new Promise((done) => handler.handle(fakeExchange(path, names, values, done)));
}

/** What was answered before `handle` returned. */
function handled(path: string, names: readonly string[] = [], values: readonly string[] = []): readonly Answer[] {
  const answers: Answer[] = [];
  handler.handle(fakeExchange(path, names, values, (answer) => answers.push(answer)));
  return [...answers];
}

function fakeExchange(
  path: string,
  names: readonly string[],
  values: readonly string[],
  done: (answer: Answer) => void,
): Exchange {
  const exchange: Partial<Exchange> = {
    method: "GET",
    path,
    query: "",
    headers: new RequestHeaders("", names, values),
    began: performance.now(),
    respond(head, body) {
      if (body !== null && !Buffer.isBuffer(body) && body.kind === "file") body.close();
      done({
        status: head.status,
        head,
        body,
        text: Buffer.isBuffer(body) ? body.toString() : "",
        length: body?.length ?? 0,
      });
    },
    fail: (status) => done({ status, head: null, body: null, text: "", length: 0 }),
  };
  return exchange as Exchange;
}

/** Writes a file that is old enough for its times to be trusted. */
function settled(name: string, content: string): string {
  const path = join(site.root, name);
  put(path, content);
  ahead += 3000;
  return path;
}
