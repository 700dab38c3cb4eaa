import assert from "node:assert/strict";
import { test } from "node:test";
import { handler, inspect, type WrittenRoute } from "./written.ts";

const STATIC_DEFAULTS = {
  kind: "static",
  strip: "",
  file: null,
  index: ["index.html"],
  indexGoto: false,
  autoindex: "off",
  exactSizes: true,
  localTimes: false,
  fallback: null,
  expires: null,
  types: {},
  defaultType: null,
  charset: null,
  etag: true,
  dotfiles: false,
  symlinks: false,
  precompressed: true,
} as const;

test("a static route takes its own path off, unless it says otherwise", () => {
  const strip = (written: WrittenRoute) => (handler(written) as { strip: string }).strip;
  assert.equal(strip({ path: "/s/", static: "x" }), "/s/");
  assert.equal(strip({ prefix: "/s", static: "x" }), "/s");
  assert.equal(strip({ path: "/s", static: { root: "x", strip: false } }), "");
  assert.equal(strip({ exact: "/s", static: "x" }), "");
  assert.equal(strip({ exact: "/s", static: { root: "x", strip: true } }), "/s");
  assert.equal(strip({ regex: "s", static: "x" }), "");
  assert.equal(strip({ static: "x" }), "");
});

test("every setting of static files arrives", () => {
  const written = {
    root: "./public/{host}",
    index: ["a.html", "{host}.html"],
    index_goto: true,
    autoindex: true,
    exact_sizes: false,
    local_times: true,
    fallback: "./index.html",
    expires: "-1",
    types: { ".Foo": "text/foo" },
    default_type: "text/plain",
    charset: "",
    etag: false,
    dotfiles: true,
    symlinks: true,
    precompressed: false,
  };
  assert.deepEqual(handler({ static: written }), {
    kind: "static",
    root: "/srv/public/{host}",
    strip: "",
    file: null,
    index: ["a.html", "{host}.html"],
    indexGoto: true,
    autoindex: "html",
    exactSizes: false,
    localTimes: true,
    fallback: "index.html",
    expires: -1,
    types: { foo: "text/foo" },
    defaultType: "text/plain",
    charset: "",
    etag: false,
    dotfiles: true,
    symlinks: true,
    precompressed: false,
  });
  const expires = (value: string | number) =>
    (handler({ static: { root: "x", expires: value } }) as { expires: unknown }).expires;
  assert.deepEqual(["1d", "max", "epoch", 30].map(expires), [86_400, "max", "epoch", 30]);
});

test("one file stands for the path, within the folder before its first variable", () => {
  const found = handler({ regex: "^/u/(\\d+)$", static: { file: "/data/{1}/x" } });
  assert.deepEqual(found, { ...STATIC_DEFAULTS, root: "/data", file: "/data/{1}/x" });
});

test("try goes through folders and files, and the last step answers", () => {
  const files = { ...STATIC_DEFAULTS, root: "/srv/a", strip: "/s/" };
  assert.deepEqual(
    handler({ path: "/s/", try: [{ static: "./a" }, { file: "{uri}.html" }, { goto: "@p" }], name: "p" }),
    {
      kind: "try",
      steps: [
        { kind: "static", static: files },
        { kind: "file", root: "/srv/a", strip: "/s/", path: "{uri}.html" },
      ],
      found: files,
      otherwise: { kind: "goto", to: "@p" },
    },
  );
  assert.deepEqual(handler({ try: [{ file: "down.html", root: "/w" }, { fail: 503 }] }), {
    kind: "try",
    steps: [{ kind: "file", root: "/w", strip: "", path: "/down.html" }],
    found: { ...STATIC_DEFAULTS, root: "/w" },
    otherwise: { kind: "fail", status: 503 },
  });
  const onlyFolders = handler({ try: [{ static: "./a" }, { static: "./b" }] });
  assert.deepEqual(onlyFolders, {
    kind: "try",
    steps: [{ kind: "static", static: { ...STATIC_DEFAULTS, root: "/srv/a" } }],
    found: { kind: "none" },
    otherwise: { ...STATIC_DEFAULTS, root: "/srv/b" },
  });
});

test("the long form of try is NGINX's try_files", () => {
  assert.deepEqual(handler({ try: { root: "/w", files: ["{uri}", "{uri}/"] } }), {
    kind: "try",
    steps: [
      { kind: "file", root: "/w", strip: "", path: "{uri}" },
      { kind: "file", root: "/w", strip: "", path: "{uri}/" },
    ],
    found: { ...STATIC_DEFAULTS, root: "/w" },
    otherwise: { kind: "fail", status: 404 },
  });
  const found = handler({
    path: "/s/",
    try: {
      root: "/w/{host}",
      strip: "/s/",
      files: "{uri}",
      found: { static: { index: [] } },
      else: { proxy: "http://a" },
    },
  });
  assert.ok(found.kind === "try" && found.found.kind === "static" && found.otherwise.kind === "proxy");
  assert.deepEqual([found.found.root, found.found.index], ["/w/{host}", []]);
});

test("an app takes more keys for its environ", () => {
  const apps = { a: { wsgi: "a:a" } };
  const found = handler(
    { path: "/wps", app: "a", mount: "/wps/", environ: { REMOTE_USER: "{http_x_user}" } },
    { apps },
  );
  const environ = { REMOTE_USER: "{http_x_user}" };
  assert.deepEqual(found, { kind: "app", app: "a", mount: "/wps", environ, deadline: null, share: null });
});

test("an app that only try, errors, rules or inner routes lead to is used", () => {
  const apps = { a: { wsgi: "a:a" }, b: { wsgi: "b:b" }, c: { wsgi: "c:c" }, d: { wsgi: "d:d" }, e: { wsgi: "e:e" } };
  const routes: WrittenRoute[] = [
    { prefix: "/t", try: [{ static: "x" }, { app: "a" }] },
    { prefix: "/r", respond: "x", rules: [{ when: { query: "b" }, route: { app: "b" } }] },
    { prefix: "/n", routes: [{ prefix: "/n/x", app: "c" }] },
    { name: "d", named_only: true, app: "d", errors: { 404: { path: "/" } } },
  ];
  const { warnings } = inspect({ apps, sites: [{ order: "nginx", routes }] });
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ["apps.e: no route leads to this app"],
  );
});
