import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StaticCache } from "../../src/static/cache.ts";
import { createStaticHandler } from "../../src/static/handler.ts";
import { type Answer, ask } from "./client.ts";
import { BASE } from "./settings.ts";
import { openFilesBelow, openSite, put, type TestSite, until } from "./site.ts";

const LARGE = randomBytes(3_000_001);
const TEXT = "0123456789abcdefghijklmnopqrstuvwxyz";
let site: TestSite;

before(async () => {
  site = await openSite();
  put(join(site.root, "index.html"), "<p>home");
  put(join(site.root, "a.txt"), TEXT);
  put(join(site.root, "empty.css"), "");
  put(join(site.root, "large.bin"), LARGE);
  put(join(site.root, "exact.bin"), LARGE.subarray(0, 1024 * 1024));
  put(join(site.root, "sub/index.html"), "<p>sub");
  put(join(site.root, "Grüße aus Köln.txt"), "utf-8 name");
  put(join(site.root, "100% #1?.txt"), "odd name");
  mkdirSync(join(site.root, "bare"));
  mkdirSync(join(site.root, "evil.example"));
});
after(async () => {
  await until("all files are closed", () => openFilesBelow(site.folder) === 0);
  await site.close();
});

test("a file is served with its type, length, time and tag", async () => {
  const answer = await ask(site.port, "/a.txt?v=1");
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), TEXT);
  assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(answer.headers["content-length"], String(TEXT.length));
  assert.equal(answer.headers["last-modified"], "Tue, 14 Nov 2023 22:13:20 GMT");
  assert.equal(answer.headers["accept-ranges"], "bytes");
  assert.match(answer.headers["etag"]!, /^"[0-9a-f]+-24"$/);
  assert.equal(answer.headers["vary"], undefined);
  assert.equal(answer.headers["cache-control"], undefined);
});

test("the first answer and those from memory are the same", async () => {
  const { headers, body } = await ask(site.port, "/a.txt");
  for (let i = 0; i < 3; i++) {
    const again = await ask(site.port, "/a.txt");
    assert.deepEqual([{ ...again.headers, date: "" }, again.body], [{ ...headers, date: "" }, body]);
  }
});

test("an empty file is an empty answer", async () => {
  const answer = await ask(site.port, "/empty.css");
  assert.deepEqual([answer.status, answer.headers["content-length"], answer.body.length], [200, "0", 0]);
});

for (const name of ["large.bin", "exact.bin"]) {
  test(`every byte of ${name} arrives`, async () => {
    const answer = await ask(site.port, `/${name}`);
    const content = readFileSync(join(site.root, name));
    assert.equal(answer.headers["content-length"], String(content.length));
    assert.equal(digest(answer.body), digest(content));
  });
}

for (const name of ["a.txt", "large.bin", "empty.css", "index.html"]) {
  test(`HEAD of ${name} has the fields of GET and no content`, async () => {
    const get = await ask(site.port, `/${name}`);
    const head = await ask(site.port, `/${name}`, {}, "HEAD");
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.deepEqual({ ...head.headers, date: "" }, { ...get.headers, date: "" });
  });
}

for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
  test(`${method} is answered 405 with Allow`, async () => {
    const answer = await ask(site.port, "/a.txt", { "Content-Length": "0" }, method);
    assert.equal(answer.status, 405);
    assert.equal(answer.headers["allow"], "GET, HEAD");
  });
}

test("a directory shows its index", async () => {
  assert.equal((await ask(site.port, "/")).body.toString(), "<p>home");
  const sub = await ask(site.port, "/sub/");
  assert.deepEqual(
    [sub.status, sub.body.toString(), sub.headers["content-type"]],
    [200, "<p>sub", "text/html; charset=utf-8"],
  );
});

const REDIRECTS = [
  ["/sub", "/sub/"],
  ["/sub?a=1&b=%20", "/sub/?a=1&b=%20"],
  ["/bare", "/bare/"],
  ["/./sub", "/sub/"],
  ["//evil.example", "/evil.example/"],
  ["///evil.example", "/evil.example/"],
  ["/%2fevil.example", "/evil.example/"],
  ["/x/..//evil.example", "/evil.example/"],
] as const;

for (const [target, location] of REDIRECTS) {
  test(`the directory ${target} is redirected to ${location}`, async () => {
    const answer = await ask(site.port, target);
    assert.deepEqual([answer.status, answer.headers["location"]], [301, location]);
  });
}

for (const target of [
  "/nothing",
  "/a.txt/",
  "/a.txt/index.html",
  "/bare/",
  "/sub/nothing",
  `/${"x".repeat(300)}`,
  `/${"x/".repeat(2500)}`,
]) {
  test(`${target.slice(0, 30)} is not found`, async () => {
    assert.equal((await ask(site.port, target)).status, 404);
  });
}

const NAMES = [
  ["/Gr%C3%BC%C3%9Fe%20aus%20K%C3%B6ln.txt", "utf-8 name"],
  ["/100%25%20%231%3F.txt", "odd name"],
  ["/%61.txt", TEXT],
] as const;

for (const [target, content] of NAMES) {
  test(`${target} finds its file`, async () => {
    assert.equal((await ask(site.port, target)).body.toString(), content);
  });
}

test("a name that is not UTF-8 is found by its bytes", async () => {
  const path = Buffer.concat([Buffer.from(`${site.root}/caf`), Buffer.from([0xe9])]);
  writeFileSync(path, "latin-1 name");
  assert.equal((await ask(site.port, "/caf%E9")).body.toString(), "latin-1 name");
  assert.equal((await ask(site.port, "/caf%C3%A9")).status, 404);
});

for (const name of ["a.txt", "large.bin"]) {
  const content = name === "a.txt" ? Buffer.from(TEXT) : LARGE;
  const end = content.length - 1;
  const ranges: readonly (readonly [range: string, first: number, last: number])[] = [
    ["bytes=0-0", 0, 0],
    ["bytes=3-7", 3, 7],
    ["bytes=10-", 10, end],
    ["bytes=-4", end - 3, end],
    ["bytes=0-99999999", 0, end],
  ];
  for (const [range, first, last] of ranges) {
    test(`${range} of ${name} is that part`, async () => {
      const answer = await ask(site.port, `/${name}`, { Range: range });
      assert.equal(answer.status, 206);
      assert.equal(answer.headers["content-range"], `bytes ${first}-${last}/${content.length}`);
      assert.equal(answer.headers["content-length"], String(last - first + 1));
      assert.equal(digest(answer.body), digest(content.subarray(first, last + 1)));
    });
  }

  test(`two ranges of ${name} come as multipart/byteranges`, async () => {
    const far = content.length - 6;
    const answer = await ask(site.port, `/${name}`, { Range: `bytes=${far}-${far + 2},2-5` });
    assert.equal(answer.status, 206);
    assert.equal(answer.headers["content-range"], undefined);
    assert.equal(answer.headers["content-length"], String(answer.body.length));
    assert.deepEqual(readMultipart(answer), [
      {
        type: typeOf(name),
        range: `bytes ${far}-${far + 2}/${content.length}`,
        content: content.subarray(far, far + 3).toString("hex"),
      },
      { type: typeOf(name), range: `bytes 2-5/${content.length}`, content: content.subarray(2, 6).toString("hex") },
    ]);
  });

  test(`a range beyond the end of ${name} is answered 416 with the size`, async () => {
    const answer = await ask(site.port, `/${name}`, { Range: `bytes=${content.length}-` });
    assert.deepEqual([answer.status, answer.headers["content-range"]], [416, `bytes */${content.length}`]);
  });

  test(`HEAD of ${name} ignores Range`, async () => {
    const answer = await ask(site.port, `/${name}`, { Range: "bytes=0-0" }, "HEAD");
    assert.deepEqual([answer.status, answer.headers["content-length"]], [200, String(content.length)]);
  });

  test(`If-Range lets the range of ${name} through only while the file is the same`, async () => {
    const { headers } = await ask(site.port, `/${name}`);
    const status = async (validator: string) =>
      (await ask(site.port, `/${name}`, { Range: "bytes=0-0", "If-Range": validator })).status;
    assert.equal(await status(headers["etag"]!), 206);
    assert.equal(await status(headers["last-modified"]!), 206);
    assert.equal(await status(`W/${headers["etag"]}`), 200);
    assert.equal(await status('"other"'), 200);
    assert.equal(await status("Tue, 14 Nov 2023 22:13:21 GMT"), 200);
  });

  test(`what the client has of ${name} is not sent again`, async () => {
    const { headers } = await ask(site.port, `/${name}`);
    const same = await ask(site.port, `/${name}`, { "If-None-Match": headers["etag"]! });
    assert.deepEqual([same.status, same.body.length, same.headers["etag"]], [304, 0, headers["etag"]]);
    assert.equal(same.headers["content-type"], undefined);
    assert.equal((await ask(site.port, `/${name}`, { "If-Modified-Since": headers["last-modified"]! })).status, 304);
    assert.equal((await ask(site.port, `/${name}`, { "If-None-Match": '"x"', Range: "bytes=0-0" })).status, 206);
    assert.equal(
      (await ask(site.port, `/${name}`, { "If-None-Match": headers["etag"]!, Range: "bytes=0-0" })).status,
      304,
    );
    assert.equal((await ask(site.port, `/${name}`, { "If-Match": '"x"' })).status, 412);
    assert.equal((await ask(site.port, `/${name}`, { "If-Match": headers["etag"]! })).status, 200);
  });
}

test("many small parts of a large file arrive whole, and the file is closed", async () => {
  const ranges = Array.from({ length: 20 }, (_, i) => [i * 150_000, i * 150_000 + 140_000] as const);
  const answer = await ask(site.port, "/large.bin", {
    Range: `bytes=${ranges.map((range) => range.join("-")).join(",")}`,
  });
  const parts = readMultipart(answer);
  assert.equal(parts.length, 20);
  for (const [i, [first, last]] of ranges.entries())
    assert.equal(parts[i]!.content, LARGE.subarray(first, last + 1).toString("hex"));
  await until("all files are closed", () => openFilesBelow(site.folder) === 0);
});

test("Cache-Control says how long, in answers with and without content", async () => {
  site.use(createStaticHandler({ ...BASE, root: site.root, expires: 86_400 }, site.cache));
  try {
    const answer = await ask(site.port, "/a.txt");
    assert.equal(answer.headers["cache-control"], "max-age=86400");
    const again = await ask(site.port, "/a.txt", { "If-None-Match": answer.headers["etag"]! });
    assert.deepEqual([again.status, again.headers["cache-control"]], [304, "max-age=86400"]);
  } finally {
    site.use(createStaticHandler({ ...BASE, root: site.root }, site.cache));
  }
});

test("index names are tried in order, and a directory of that name is none", async () => {
  const own = await openSite({ index: ["first.html", "second.html"] });
  try {
    mkdirSync(join(own.root, "first.html"));
    put(join(own.root, "second.html"), "second");
    assert.equal((await ask(own.port, "/")).body.toString(), "second");
  } finally {
    await own.close();
  }
});

test("the prefix of the route is left out of the path", async () => {
  for (const strip of ["/files/", "/files"]) {
    const own = await openSite({ strip });
    try {
      put(join(own.root, "a.txt"), "stripped");
      put(join(own.root, "index.html"), "index");
      assert.equal((await ask(own.port, "/files/a.txt")).body.toString(), "stripped");
      assert.equal((await ask(own.port, "/files/")).body.toString(), "index");
      assert.equal((await ask(own.port, "/a.txt")).status, 404);
      assert.equal((await ask(own.port, "/filesa.txt")).status, 404);
      const bare = await ask(own.port, "/files?x");
      if (strip === "/files") assert.deepEqual([bare.status, bare.headers["location"]], [301, "/files/?x"]);
      else assert.equal(bare.status, 404);
    } finally {
      await own.close();
    }
  }
});

test("a root that is a file answers for the route's own path", async () => {
  const own = await openSite();
  try {
    put(join(own.folder, "favicon.ico"), "icon");
    own.use(createStaticHandler({ ...BASE, root: join(own.folder, "favicon.ico"), strip: "/favicon.ico" }, own.cache));
    assert.equal((await ask(own.port, "/favicon.ico")).body.toString(), "icon");
    assert.equal((await ask(own.port, "/favicon.ico/x")).status, 404);
  } finally {
    await own.close();
  }
});

test("nothing is kept when the cache is switched off, and all is served all the same", async () => {
  const cache = new StaticCache({ cacheSize: 0, cacheFile: 0 });
  const own = await openSite({}, cache);
  try {
    put(join(own.root, "a.txt"), TEXT);
    for (let i = 0; i < 3; i++) assert.equal((await ask(own.port, "/a.txt")).body.toString(), TEXT);
    assert.equal((await ask(own.port, "/a.txt", { Range: "bytes=1-2" })).body.toString(), "12");
    assert.equal(cache.bytes, 0);
    await until("all files are closed", () => openFilesBelow(own.folder) === 0);
  } finally {
    await own.close();
  }
});

test("slashes in a row find the file and don't fill the cache", async () => {
  const own = await openSite();
  try {
    put(join(own.root, "d/a.txt"), TEXT);
    await ask(own.port, "/d/a.txt");
    const before = own.cache.bytes;
    for (const target of ["//d/a.txt", "/d//a.txt", "/d////a.txt", "///d///a.txt"]) {
      assert.equal((await ask(own.port, target)).body.toString(), TEXT);
    }
    assert.equal(own.cache.bytes, before);
  } finally {
    await own.close();
  }
});

test("a time in the future is not claimed", async () => {
  put(join(site.root, "future.txt"), "x", Math.floor(Date.now() / 1000) + 86_400);
  const answer = await ask(site.port, "/future.txt");
  assert.ok(Date.parse(answer.headers["last-modified"]!) <= Date.parse(answer.headers["date"]!));
});

test("hard links are files like others", async () => {
  linkSync(join(site.root, "a.txt"), join(site.root, "link.txt"));
  assert.equal(statSync(join(site.root, "link.txt")).nlink, 2);
  assert.equal((await ask(site.port, "/link.txt")).status, 200);
});

function digest(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function typeOf(name: string): string {
  return name.endsWith(".txt") ? "text/plain; charset=utf-8" : "application/octet-stream";
}

function readMultipart(answer: Answer): { type: string; range: string; content: string }[] {
  const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(answer.headers["content-type"]!)![1]!;
  const text = answer.body.toString("latin1");
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`);
  assert.equal(pieces[0], "");
  assert.equal(pieces.at(-1), "--\r\n");
  return pieces.slice(1, -1).map((piece) => {
    const [head, ...rest] = piece.split("\r\n\r\n");
    const content = Buffer.from(rest.join("\r\n\r\n"), "latin1").toString("hex");
    return {
      type: /\r\nContent-Type: (.*)/.exec(head!)![1]!,
      range: /\r\nContent-Range: (.*)/.exec(head!)![1]!,
      content,
    };
  });
}
