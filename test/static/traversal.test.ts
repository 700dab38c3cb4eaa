import assert from "node:assert/strict";
import { linkSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StaticCache } from "../../src/static/cache.ts";
import { createStaticHandler } from "../../src/static/handler.ts";
import { connect as connectHttp2, request } from "../http2/frame-client.ts";
import { serve as serveHttp2 } from "../http2/serve.ts";
import { ask } from "./client.ts";
import { BASE } from "./settings.ts";
import { openSite, put, type TestSite } from "./site.ts";

const SECRET = "outside the root";
let site: TestSite;

before(async () => {
  site = await openSite();
  put(join(site.folder, "secret.txt"), SECRET);
  put(join(site.folder, "public-not/secret.txt"), SECRET);
  put(join(site.folder, "secret/index.html"), SECRET);
  put(join(site.root, ".env"), SECRET);
  put(join(site.root, ".git/config"), SECRET);
  put(join(site.root, "sub/.htpasswd"), SECRET);
  put(join(site.root, ".well-known/.hidden"), SECRET);
  put(join(site.root, ".well-known/security.txt"), "Contact: mailto:a@example.org");
  put(join(site.root, "sub/.well-known/x.txt"), SECRET);
  put(join(site.root, "sub/inside.txt"), "inside");
  put(join(site.root, "back\\slash.txt"), SECRET);
  symlinkSync("../secret.txt", join(site.root, "relative-link.txt"));
  symlinkSync(join(site.folder, "secret.txt"), join(site.root, "absolute-link.txt"));
  symlinkSync("..", join(site.root, "up"));
  symlinkSync("/", join(site.root, "slash"));
  symlinkSync("../secret", join(site.root, "linked-folder"));
  symlinkSync("../public-not", join(site.root, "sibling"));
  symlinkSync("../../secret.txt", join(site.root, "sub/deep-link.txt"));
  symlinkSync("/proc/self/environ", join(site.root, "environ"));
  symlinkSync("chain-2", join(site.root, "chain-1"));
  symlinkSync("../secret.txt", join(site.root, "chain-2"));
  symlinkSync("loop", join(site.root, "loop"));
  symlinkSync("sub/inside.txt", join(site.root, "inside-link.txt"));
  mkdirSync(join(site.root, "with-index-link"));
  symlinkSync("../../secret.txt", join(site.root, "with-index-link/index.html"));
});
after(() => site.close());

// Every one of these must give neither the secret nor anything but an error or a redirect within the site.
const ATTEMPTS: readonly string[] = [
  // Plain, with any number of steps.
  "/../secret.txt",
  "/../../../../../../../../etc/passwd",
  "/sub/../../secret.txt",
  "/./../secret.txt",
  "/sub/./../../secret.txt",
  "/sub/..//../secret.txt",
  "//../secret.txt",
  "/..",
  "/../",
  "/sub/../..",
  "/nothing/../../secret.txt",
  "/../public-not/secret.txt",
  "/../public/../secret.txt",
  "/-not/secret.txt",
  // Encoded once.
  "/%2e%2e/secret.txt",
  "/%2E%2E/secret.txt",
  "/.%2e/secret.txt",
  "/%2e./secret.txt",
  "/..%2fsecret.txt",
  "/%2e%2e%2fsecret.txt",
  "/%2e%2e%2f%2e%2e%2fetc/passwd",
  "/sub%2f..%2f..%2fsecret.txt",
  "/sub/%2e%2e/%2e%2e/secret.txt",
  "/%2f..%2fsecret.txt",
  "/%2fetc%2fpasswd",
  "//etc/passwd",
  // Encoded twice and thrice.
  "/%252e%252e/secret.txt",
  "/%252e%252e%252fsecret.txt",
  "/..%252fsecret.txt",
  "/%25252e%25252e%25252fsecret.txt",
  // Backslashes.
  "/..\\secret.txt",
  "/..%5csecret.txt",
  "/%2e%2e%5csecret.txt",
  "/sub\\..\\..\\secret.txt",
  "/..%255csecret.txt",
  "/back%5cslash.txt",
  "/%5c..%5csecret.txt",
  // Overlong UTF-8, full-width and other disguises of dot and slash.
  "/%c0%ae%c0%ae/secret.txt",
  "/%c0%ae%c0%ae%c0%afsecret.txt",
  "/..%c0%afsecret.txt",
  "/..%c1%9csecret.txt",
  "/%e0%80%ae%e0%80%ae/secret.txt",
  "/..%e0%80%afsecret.txt",
  "/%f0%80%80%ae%f0%80%80%ae/secret.txt",
  "/%ef%bc%8e%ef%bc%8e/secret.txt",
  "/..%ef%bc%8fsecret.txt",
  "/%u002e%u002e/secret.txt",
  "/..%u2215secret.txt",
  // NUL and other control bytes.
  "/secret.txt%00",
  "/../secret.txt%00.html",
  "/..%00/secret.txt",
  "/%00/../secret.txt",
  "/..%0d%0a/secret.txt",
  "/..%09/secret.txt",
  "/..%20/secret.txt",
  // Trailing dots, semicolons, streams, drive letters.
  "/.../secret.txt",
  "/..../secret.txt",
  "/..;/secret.txt",
  "/..;a=b/secret.txt",
  "/.env.",
  "/.env::$DATA",
  "/c:/secret.txt",
  "/file:///etc/passwd",
  // Dot files.
  "/.env",
  "/%2eenv",
  "/%2Eenv",
  "/./.env",
  "//.env",
  "/sub/../.env",
  "/.git/config",
  "/%2egit/config",
  "/.git",
  "/.git/",
  "/sub/.htpasswd",
  "/.well-known/.hidden",
  "/.well-known/../.env",
  "/sub/.well-known/x.txt",
  // Symbolic links that lead out.
  "/relative-link.txt",
  "/absolute-link.txt",
  "/up/secret.txt",
  "/up/secret/",
  "/up",
  "/slash",
  "/slash/etc/passwd",
  "/linked-folder",
  "/linked-folder/",
  "/linked-folder/index.html",
  "/sibling/secret.txt",
  "/sub/deep-link.txt",
  "/environ",
  "/chain-1",
  "/loop",
  "/with-index-link/",
];

for (const target of ATTEMPTS) {
  test(`${target} gives nothing from outside`, async () => {
    const answer = await ask(site.port, target);
    assert.ok(answer.status === 400 || answer.status === 404, `status ${answer.status}`);
    assert.ok(!answer.body.includes(SECRET) && !answer.body.includes("root:"));
    // Repeated, in case the first refusal left something behind that the second request finds.
    const again = await ask(site.port, target, { Range: "bytes=0-3" });
    assert.equal(again.status, answer.status);
  });
}

test("HTTP/2 gives no more of it than HTTP/1.1", async () => {
  const handler = createStaticHandler({ ...BASE, root: site.root }, new StaticCache());
  await using front = await serveHttp2((exchange) => handler.handle(exchange));
  const client = await connectHttp2(front.port);
  for (const [at, target] of ATTEMPTS.entries()) {
    client.ask(2 * at + 1, request(target));
    const status = await client.status(2 * at + 1);
    // Some are no targets of HTTP/2 at all.
    assert.match(status, /^(?:400|404|reset 1)$/, target);
    const { body } = client.on(2 * at + 1);
    assert.ok(!body.includes(SECRET) && !body.includes("root:"), target);
  }
  client.socket.destroy();
});

test("an absolute target is one of the same paths", async () => {
  for (const target of ATTEMPTS.filter((one) => !one.startsWith("//"))) {
    const answer = await ask(site.port, `http://example.org${target}`);
    assert.ok(answer.status === 400 || answer.status === 404, `${target}: ${answer.status}`);
    assert.ok(!answer.body.includes(SECRET) && !answer.body.includes("root:"), target);
  }
});

test("a target without its slash is refused", async () => {
  for (const target of ["../secret.txt", "secret.txt", "..", "%2e%2e/secret.txt"]) {
    assert.equal((await ask(site.port, target)).status, 400);
  }
});

test("what is inside is found through links and dots all the same", async () => {
  for (const target of [
    "/inside-link.txt",
    "/sub/inside.txt",
    "/sub/../sub/inside.txt",
    "/nothing/../sub/inside.txt",
  ]) {
    assert.equal((await ask(site.port, target)).body.toString(), "inside");
  }
  assert.equal((await ask(site.port, "/.well-known/security.txt")).status, 200);
});

test("with links allowed, those that lead out are followed; climbing still is not possible", async () => {
  site.use(createStaticHandler({ ...BASE, root: site.root, symlinks: true }, site.cache));
  try {
    for (const target of ["/relative-link.txt", "/absolute-link.txt", "/up/secret.txt", "/linked-folder/"]) {
      assert.equal((await ask(site.port, target)).body.toString(), SECRET);
    }
    for (const target of ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/.env", "/loop"]) {
      assert.notEqual((await ask(site.port, target)).status, 200);
    }
  } finally {
    site.use(createStaticHandler({ ...BASE, root: site.root }, site.cache));
  }
});

test("with dot files allowed they are served; climbing still is not possible", async () => {
  site.use(createStaticHandler({ ...BASE, root: site.root, dotfiles: true }, site.cache));
  try {
    assert.equal((await ask(site.port, "/.env")).body.toString(), SECRET);
    for (const target of ["/../secret.txt", "/%2e%2e%2fsecret.txt", "/.git/../../secret.txt", "/up/secret.txt"]) {
      assert.notEqual((await ask(site.port, target)).status, 200);
    }
  } finally {
    site.use(createStaticHandler({ ...BASE, root: site.root }, site.cache));
  }
});

test("a link to a precompressed form outside is not used", async () => {
  put(join(site.root, "app.js"), "plain");
  put(join(site.folder, "outside.br"), SECRET);
  symlinkSync("../outside.br", join(site.root, "app.js.br"));
  const answer = await ask(site.port, "/app.js", { "Accept-Encoding": "br" });
  assert.deepEqual([answer.body.toString(), answer.headers["content-encoding"]], ["plain", undefined]);
});

test("a root whose name begins another folder's name does not open that folder", async () => {
  linkSync(join(site.folder, "public-not/secret.txt"), join(site.folder, "public-not/hard.txt"));
  assert.equal((await ask(site.port, "/sibling/hard.txt")).status, 404);
});
