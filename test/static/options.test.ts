import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { StaticConfig } from "../../src/config/route-model.ts";
import { createStaticHandler, type StaticRouting } from "../../src/static/handler.ts";
import { ask } from "./client.ts";
import { BASE } from "./settings.ts";
import { openSite, put, type TestSite } from "./site.ts";

async function siteWith(
  t: TestContext,
  settings: Partial<StaticConfig>,
  routing: StaticRouting | null = null,
): Promise<TestSite> {
  const site = await openSite();
  t.after(() => site.close());
  site.use(createStaticHandler({ ...BASE, root: site.root, ...settings }, site.cache, undefined, routing));
  return site;
}

test("a folder is listed as a page whose links work, folders first, hidden files left out", async (t) => {
  const site = await siteWith(t, { autoindex: "html" });
  put(join(site.root, "docs/b & c?.txt"), "odd");
  put(join(site.root, "docs/Käse.txt"), "cheese");
  put(join(site.root, "docs/a:b.txt"), "colon");
  put(join(site.root, "docs/.secret"), "x");
  mkdirSync(join(site.root, "docs/zoo"));
  symlinkSync("/nowhere", join(site.root, "docs/broken"));
  const page = await ask(site.port, "/docs/");
  assert.equal(page.status, 200);
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  const links = [...page.body.toString().matchAll(/href="([^"]+)"/g)].map((match) => match[1]!);
  assert.deepEqual(
    links,
    ["../", "zoo/", "K%C3%A4se.txt", "b%20&%20c%3F.txt", "./a:b.txt"].toSorted(
      (a, b) => links.indexOf(a) - links.indexOf(b),
    ),
  );
  assert.match(page.body.toString(), /b &amp; c\?\.txt/);
  assert.doesNotMatch(page.body.toString(), /secret|broken/);
  for (const link of links.slice(2))
    assert.equal((await ask(site.port, new URL(link, "http://x/docs/").pathname)).status, 200, link);
});

test("a folder is listed as JSON with names, sizes and times", async (t) => {
  const site = await siteWith(t, { autoindex: "json" });
  put(join(site.root, "docs/Käse.txt"), "cheese");
  mkdirSync(join(site.root, "docs/zoo"));
  const answer = await ask(site.port, "/docs/");
  const items = JSON.parse(answer.body.toString()) as Record<string, unknown>[];
  assert.deepEqual(
    items.map(({ name, type, size }) => ({ name, type, size })),
    [
      { name: "zoo", type: "directory", size: undefined },
      { name: "Käse.txt", type: "file", size: 6 },
    ],
  );
  for (const { mtime } of items) assert.ok(!Number.isNaN(Date.parse(String(mtime))));
});

test("a folder is listed as XML, and as a script for a callback that is a name", async (t) => {
  const xml = await siteWith(t, { autoindex: "xml" });
  put(join(xml.root, "docs/a<b>.txt"), "cheese");
  mkdirSync(join(xml.root, "docs/zoo"));
  const answer = await ask(xml.port, "/docs/");
  assert.equal(answer.headers["content-type"], "text/xml; charset=utf-8");
  assert.match(
    answer.body.toString(),
    /^<\?xml version="1\.0"\?>\n<list>\n<directory mtime="[\dT:-]+Z">zoo<\/directory>\n<file mtime="[\dT:-]+Z" size="6">a&lt;b&gt;\.txt<\/file>\n<\/list>\n$/,
  );
  const site = await siteWith(t, { autoindex: "jsonp" });
  put(join(site.root, "docs/a.txt"), "a");
  const script = await ask(site.port, "/docs/?x=1&callback=app.show");
  assert.equal(script.headers["content-type"], "application/javascript");
  assert.match(script.body.toString(), /^\/\*\*\/app\.show\(\[[\s\S]*\]\);\n$/);
  for (const query of ["", "?callback=", "?callback=alert(1)//"])
    assert.equal(JSON.parse((await ask(site.port, `/docs/${query}`)).body.toString()).length, 1, query);
});

test("a listing for people may round sizes", async (t) => {
  const site = await siteWith(t, { autoindex: "html", exactSizes: false });
  put(join(site.root, "docs/a.bin"), "x".repeat(20_480));
  assert.match((await ask(site.port, "/docs/")).body.toString(), /<td>20K\n/);
});

test("an index file goes before the listing", async (t) => {
  const site = await siteWith(t, { autoindex: "html" });
  put(join(site.root, "docs/index.html"), "<p>index");
  assert.equal((await ask(site.port, "/docs/")).body.toString(), "<p>index");
});

test("with a fallback every path that is no file is the page of the app, and files stay files", async (t) => {
  const site = await siteWith(t, { fallback: "index.html" });
  put(join(site.root, "index.html"), "<p>app");
  put(join(site.root, "app.js"), "js");
  assert.equal((await ask(site.port, "/person/7")).body.toString(), "<p>app");
  assert.equal((await ask(site.port, "/app.js")).body.toString(), "js");
  assert.equal((await ask(site.port, "/a/..%5c..%5cetc")).status, 404);
});

test("types, the default type and the charset are those of the site", async (t) => {
  const site = await siteWith(t, {
    types: { txt: "text/x-own", html: "text/html; charset=koi8-r" },
    defaultType: "text/plain",
    charset: "latin1",
  });
  for (const name of ["a.txt", "b.html", "c.css", "README"]) put(join(site.root, name), "x");
  const typeOf = async (name: string): Promise<string | undefined> =>
    (await ask(site.port, `/${name}`)).headers["content-type"];
  assert.equal(await typeOf("a.txt"), "text/x-own; charset=latin1");
  assert.equal(await typeOf("b.html"), "text/html; charset=koi8-r");
  assert.equal(await typeOf("c.css"), "text/css; charset=latin1");
  assert.equal(await typeOf("README"), "text/plain; charset=latin1");
});

for (const [expires, field, date] of [
  [3600, "max-age=3600", undefined],
  [-1, "no-cache", undefined],
  ["epoch", "no-cache", "Thu, 01 Jan 1970 00:00:01 GMT"],
  ["max", "max-age=315360000", "Thu, 31 Dec 2037 23:55:55 GMT"],
  [null, undefined, undefined],
] as const) {
  test(`expires ${expires} is sent as ${field ?? "nothing"}, with a 304 too`, async (t) => {
    const site = await siteWith(t, { expires });
    put(join(site.root, "a.txt"), "x");
    const answer = await ask(site.port, "/a.txt");
    assert.equal(answer.headers["cache-control"], field);
    // One that moves with the clock may fall into the second before or after that of Date.
    if (typeof expires === "number") {
      const { date: sent, expires: until } = answer.headers;
      assert.ok(Math.abs((Date.parse(until!) - Date.parse(sent!)) / 1000 - expires) <= 1, `${sent} to ${until}`);
    } else assert.equal(answer.headers["expires"], date);
    const again = await ask(site.port, "/a.txt", { "If-None-Match": answer.headers["etag"]! });
    assert.deepEqual([again.status, again.headers["cache-control"]], [304, field]);
  });
}

test("without ETag the time alone validates", async (t) => {
  const site = await siteWith(t, { etag: false });
  put(join(site.root, "a.txt"), "x");
  const answer = await ask(site.port, "/a.txt");
  assert.equal(answer.headers["etag"], undefined);
  const again = await ask(site.port, "/a.txt", { "If-Modified-Since": answer.headers["last-modified"]! });
  assert.equal(again.status, 304);
});

const PLAIN_ROUTING: StaticRouting = {
  evaluate: (template, exchange) =>
    template.replace("{host}", exchange.host).replace("{arg_file}", decodeURIComponent(exchange.query)),
  goto: (exchange, path) => exchange.fail(418, `gone to ${path}`),
  locate: (_exchange, location) => location,
};

test("a root that depends on the host serves each host's own files", async (t) => {
  const site = await openSite();
  t.after(() => site.close());
  site.use(createStaticHandler({ ...BASE, root: `${site.root}/{host}` }, site.cache, undefined, PLAIN_ROUTING));
  put(join(site.root, "a.example/x.txt"), "of a");
  put(join(site.root, "b.example/x.txt"), "of b");
  for (const name of ["a", "b", "a"])
    assert.equal((await ask(site.port, "/x.txt", { Host: `${name}.example` })).body.toString(), `of ${name}`);
});

test("a file named by a variable never leads out of its folder", async (t) => {
  const site = await openSite();
  t.after(() => site.close());
  site.use(
    createStaticHandler({ ...BASE, root: "/", file: `${site.root}/{arg_file}` }, site.cache, undefined, PLAIN_ROUTING),
  );
  put(join(site.root, "x.txt"), "x");
  put(join(site.folder, "outside.txt"), "secret");
  assert.equal((await ask(site.port, "/any?x.txt")).body.toString(), "x");
  for (const name of ["../outside.txt", "..", "a/../../outside.txt", "x.txt%00"]) {
    const answer = await ask(site.port, `/any?${name}`);
    assert.equal(answer.status, 404, name);
  }
});

test("an index file that is to be gone to is gone to, and a folder without one is forbidden, as NGINX has it", async (t) => {
  const site = await siteWith(t, { index: ["index.php", "index.html"], indexGoto: true }, PLAIN_ROUTING);
  put(join(site.root, "docs/index.html"), "x");
  mkdirSync(join(site.root, "bare"));
  assert.equal((await ask(site.port, "/docs/")).status, 418);
  assert.equal((await ask(site.port, "/bare/")).status, 403);
  assert.equal((await ask(site.port, "/absent/")).status, 404);
});

test("a file by a template stays in the template's folder: links that leave it are refused unless symlinks says so", async (t) => {
  const site = await siteWith(t, {});
  put(join(site.root, "outside.txt"), "outside");
  put(join(site.root, "data/own.txt"), "own");
  symlinkSync("../outside.txt", join(site.root, "data/link.txt"));
  symlinkSync("own.txt", join(site.root, "data/inside.txt"));
  const asked = async (symlinks: boolean): Promise<readonly number[]> => {
    const file = `${site.root}/data/{arg_file}`;
    site.use(createStaticHandler({ ...BASE, root: "/", file, symlinks }, site.cache, undefined, PLAIN_ROUTING));
    const names = ["own.txt", "inside.txt", "link.txt", "../outside.txt"];
    return Promise.all(names.map(async (name) => (await ask(site.port, `/any?${name}`)).status));
  };
  assert.deepEqual(await asked(false), [200, 200, 404, 404]);
  assert.deepEqual(await asked(true), [200, 200, 200, 404]);
});

test("where NGINX's ways are asked for, a POST to a folder goes to its slash, to a file is refused, and to nothing is 404", async (t) => {
  const site = await siteWith(t, { indexGoto: true }, PLAIN_ROUTING);
  put(join(site.root, "folder/a.txt"), "a");
  const asked = async (path: string, method: string) => (await ask(site.port, path, {}, method)).status;
  assert.deepEqual(
    await Promise.all(["/folder", "/folder/a.txt", "/none"].map((path) => asked(path, "POST"))),
    [301, 405, 404],
  );
  assert.deepEqual(
    await Promise.all(["/folder", "/folder/a.txt", "/none"].map((path) => asked(path, "PUT"))),
    [405, 405, 405],
  );
});
