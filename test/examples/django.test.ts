import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ask, type Instance } from "../support/instance.ts";
import { type Example, example, serveBeside } from "./example.ts";

async function guestbook(
  t: TestContext,
  verb: "run" | "dev" = "run",
): Promise<Example & { readonly instance: Instance }> {
  const place = await example(t, "django");
  return { ...place, instance: place.serve([verb], { PYTHON: place.python }) };
}

/** Cookies and the token of the form of a page, as a browser sends them. */
async function form(instance: Instance, target: string, fields: Record<string, string>) {
  const page = await instance.get(target);
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page.body)![1]!;
  return {
    method: "POST",
    headers: {
      cookie: page.headers["set-cookie"]!.map((cookie) => cookie.split(";")[0]).join("; "),
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ csrfmiddlewaretoken: token, ...fields }).toString(),
  };
}

test("the project is served as it is in production", async (t) => {
  const { instance, cwd, python } = await guestbook(t);
  await t.test("the database is migrated before the first worker, and pages take and show entries", async () => {
    assert.match((await instance.get("/")).body, /Nobody has signed yet/);
    const signed = await instance.get("/", await form(instance, "/", { name: "Ada", text: "Hello <b>you</b>" }));
    assert.equal(signed.status, 302);
    const page = await instance.get("/");
    assert.match(page.body, /<h2>Ada<\/h2><p>Hello &lt;b&gt;you&lt;\/b&gt;/);
    assert.equal(page.headers["x-frame-options"], "DENY");
    assert.equal((await instance.get("/", await form(instance, "/", { name: "", text: "x" }))).status, 400);
    assert.equal((await instance.get("/", { method: "POST" })).status, 403);
    assert.equal((await instance.get("/", { headers: { host: "elsewhere.example" } })).status, 400);
  });

  await t.test("static files are collected, named by their hash, and answered by the front for ever", async () => {
    for (const [page, pattern] of [
      ["/", /href="(\/static\/guestbook\/style\.[0-9a-f]{12}\.css)"/],
      ["/admin/login/", /href="(\/static\/admin\/css\/base\.[0-9a-f]{12}\.css)"/],
    ] as const) {
      const url = pattern.exec((await instance.get(page)).body)![1]!;
      const file = await instance.get(url);
      assert.equal(file.status, 200);
      assert.equal(file.headers["content-type"], "text/css; charset=utf-8");
      assert.match(file.headers["cache-control"]!, /max-age=31\d{7}/);
      assert.equal(file.body, fs.readFileSync(path.join(cwd, url.replace("/static/", "collected/")), "utf8"));
    }
    assert.equal((await instance.get("/static/nothing.css")).status, 404);
    assert.equal((await instance.get("/static/.gitignore")).status, 404);
  });

  await t.test("a superuser logs in to the admin, and only with the right password", async () => {
    await instance.url;
    execFileSync(python, ["manage.py", "createsuperuser", "--noinput"], {
      cwd,
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: "1",
        DJANGO_SUPERUSER_USERNAME: "ada",
        DJANGO_SUPERUSER_EMAIL: "ada@example.org",
        DJANGO_SUPERUSER_PASSWORD: "analytical engine",
      },
      stdio: "ignore",
    });
    const logIn = async (password: string) =>
      instance.get("/admin/login/?next=/admin/", await form(instance, "/admin/login/", { username: "ada", password }));
    assert.match((await logIn("difference engine")).body, /errornote/);
    const welcome = await logIn("analytical engine");
    assert.equal(welcome.status, 302);
    const cookie = welcome.headers["set-cookie"]!.map((one) => one.split(";")[0]).join("; ");
    assert.match(
      (await instance.get("/admin/guestbook/entry/", { headers: { cookie } })).body,
      /Select entry to change/,
    );
    assert.equal((await instance.get("/admin/guestbook/entry/")).status, 302);
  });
});

test("propylon dev has DEBUG, and style sheets from the app's own folder", async (t) => {
  const { instance, cwd } = await guestbook(t, "dev");
  assert.match((await instance.get("/nowhere")).body, /DEBUG = True/);
  fs.appendFileSync(path.join(cwd, "guestbook/static/guestbook/style.css"), "/* changed */\n");
  const style = await instance.get("/static/guestbook/style.css");
  assert.match(style.body, /changed/);
  assert.match(style.headers["cache-control"]!, /no-cache/);
  assert.equal((await instance.get("/static/admin/css/base.css")).status, 200);
});

test("Django's own server runs the same project", async (t) => {
  const place = await example(t, "django");
  const quiet = { cwd: place.cwd, stdio: "ignore" } as const;
  execFileSync(place.python, ["manage.py", "migrate"], quiet);
  const url = await serveBeside(t, place, ["manage.py", "runserver", "--noreload", "127.0.0.1:0"], {
    DJANGO_DEBUG: "1",
  });
  assert.match((await ask(`${url}/`)).body, /Guestbook/);
});
