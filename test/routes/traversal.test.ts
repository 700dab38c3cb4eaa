import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { RouteConfig } from "../../src/config/route-model.ts";
import { put as write } from "../static/site.ts";
import {
  ANY,
  exact,
  fail,
  files,
  give,
  goto,
  like,
  prefix,
  regex,
  rewrite,
  route,
  segments,
  site,
  tryFiles,
  when,
} from "./builders.ts";
import { serveSites, type TestSites } from "./serve-sites.ts";

const SECRET = "not for clients";
/** How a step up, or a separator, may be disguised. `SEP` and `UP` are replaced by each of these. */
const SEPARATORS = ["/", "//", "%2f", "%2F", "%252f", "\\", "%5c", "%255c", "/./", "%c0%af", "%e0%80%af", "/;/"];
const STEPS = ["..", "%2e%2e", ".%2e", "%252e%252e", "..;", "..;x=1", "...", ". .", "..%00", "..%20", "%c0%ae%c0%ae"];

/** Targets under a folder that a route serves, which try to reach the secret beside it or the closed folder in it. */
function attempts(base: string): readonly string[] {
  const found: string[] = [];
  for (const sep of SEPARATORS) {
    for (const up of STEPS) {
      found.push(
        `${base}${up}${sep}secret.txt`,
        `${base}${sep}${up}${sep}secret.txt`,
        `${base}x${sep}${up}${sep}${up}${sep}secret.txt`,
      );
      found.push(`${base}${up}${sep}closed${sep}secret.txt`, `${base}${up}${sep}${up}${sep}etc${sep}passwd`);
    }
    found.push(
      `${base}closed${sep}secret.txt`,
      `${base}${sep}closed${sep}secret.txt`,
      `${base}.${sep}closed${sep}secret.txt`,
    );
    found.push(`${sep}closed${sep}secret.txt`, `${base}%63losed${sep}secret.txt`, `${base}closed.${sep}secret.txt`);
  }
  for (const end of ["secret.txt%00", "secret.txt%00.html", "secret.txt.", "secret.txt%20", "secret.txt/", "..", "../"])
    found.push(`${base}../${end}`, `${base}${end}`, `${base}closed/${end}`, `${base}closed/../closed/${end}`);
  // The trap of an alias without a slash at its end.
  const bare = base.replace(/\/$/, "");
  found.push(`${bare}../secret.txt`, `${bare}..%2fsecret.txt`, `${bare}-beside/secret.txt`, `${bare}..;/secret.txt`);
  return found.map((target) => (target.startsWith("/") ? target : `/${target}`));
}

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "propylon-escape-"));
  write(join(folder, "secret.txt"), SECRET);
  write(join(folder, "public-beside/secret.txt"), SECRET);
  write(join(folder, "public/closed/secret.txt"), SECRET);
  write(join(folder, "public/open.txt"), "open");
  write(join(folder, "public/.hidden/secret.txt"), SECRET);
  symlinkSync("../secret.txt", join(folder, "public/link.txt"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const closed = (path: string): RouteConfig =>
  route(prefix(path), files("/nonexistent"), { access: [{ allow: false, range: "all" }] });

/** Ways to serve a folder, each with the path under which its files are. The folder `closed` is closed by a route before. */
const SITES: Readonly<
  Record<string, readonly [base: string, order: "written" | "nginx", routes: () => RouteConfig[]]>
> = {
  "a root": ["/", "written", () => [closed("/closed/"), route(ANY, files(join(folder, "public")))]],
  "a root in NGINX's order": [
    "/",
    "nginx",
    () => [closed("/closed/"), route(prefix("/"), files(join(folder, "public")))],
  ],
  "an alias": [
    "/f/",
    "written",
    () => [closed("/f/closed/"), route(prefix("/f/"), files(join(folder, "public"), { strip: "/f/" }))],
  ],
  "an alias without a final slash": [
    "/f/",
    "nginx",
    () => [closed("/f/closed"), route(prefix("/f"), files(join(folder, "public"), { strip: "/f" }))],
  ],
  "an alias of segments": [
    "/f/",
    "written",
    () => [closed("/f/closed/"), route(segments("/f"), files(join(folder, "public"), { strip: "/f" }))],
  ],
  "a file named by a capture": [
    "/f/",
    "nginx",
    () => [
      route(regex("^/f/closed"), fail(403)),
      route(regex("^/f/(.*)$"), files("/", { file: join(folder, "public/{1}") })),
    ],
  ],
  "files that are tried": [
    "/",
    "nginx",
    () => [closed("/closed/"), route(prefix("/"), tryFiles(join(folder, "public"), ["{uri}", "{uri}/"], fail(404)))],
  ],
  "a rewritten path": [
    "/r/",
    "nginx",
    () => [
      route(prefix("/r/"), { kind: "none" }, { rules: [rewrite("^/r/(.*)$", "/{1}", "last")] }),
      closed("/closed/"),
      route(prefix("/"), files(join(folder, "public"))),
    ],
  ],
  "a path that was gone to": [
    "/",
    "nginx",
    () => [route(exact("/"), goto("{arg_x}")), closed("/closed/"), route(prefix("/"), files(join(folder, "public")))],
  ],
};

const NAMED = "a file named by a capture";
/** Without the argument it leads nowhere, which is an error of the configuration. */
const GONE_TO = "a path that was gone to";

for (const [name, [base, order, routes]] of Object.entries(SITES)) {
  test(`nothing leads out of ${name}, nor past the route that closes a part of it`, async () => {
    await using sites: TestSites = await serveSites([site(routes(), { order })]);
    const open = await sites.ask(`${base}open.txt`);
    assert.deepEqual([open.status, open.body.toString()], [200, "open"]);
    // A file that is named as a whole has no root that a link could leave.
    const link = name === NAMED ? [] : [`${base}link.txt`];
    for (const target of [...attempts(base), ...link, `${base}.hidden/secret.txt`]) {
      const { status, body } = await sites.ask(target);
      assert.ok([301, 400, 403, 404].includes(status) || (status === 500 && name === GONE_TO), `${target}: ${status}`);
      assert.doesNotMatch(body.toString(), /not for clients|root:/, target);
    }
  });
}

test("rules that close a part of a folder can't be got around by slashes in a row", async () => {
  const rules = [
    when(like("{uri}", "^/closed/"), [give(403)]),
    rewrite("^/old/closed/", "https://example.net/", "redirect"),
  ];
  await using sites = await serveSites([site([route(ANY, files(join(folder, "public")))], { rules })]);
  for (const target of ["/closed/secret.txt", "//closed/secret.txt", "/closed//secret.txt", "/%2fclosed/secret.txt"])
    assert.equal((await sites.ask(target)).status, 403, target);
  assert.equal((await sites.ask("//old///closed/x")).status, 302);
});

test("a query that becomes a path leads to files of the site alone", async () => {
  const [, order, routes] = SITES[GONE_TO]!;
  await using sites = await serveSites([site(routes(), { order })]);
  for (const query of [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "../secret.txt",
    "//closed/secret.txt",
    "/x/../../secret.txt",
  ]) {
    const { status, body } = await sites.ask(`/?x=${query}`);
    assert.doesNotMatch(body.toString(), /not for clients/, query);
    assert.ok(status >= 400, `${query}: ${status}`);
  }
});
