import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ask, folder, freePort, start, until } from "../support/instance.ts";
import { ECHO, environOf } from "./apps.ts";
import { block, serving, skip } from "./guide.ts";

/** The guide's project: a `.wsgi` script in a folder `wsgi`. */
function project(t: TestContext): string {
  const cwd = folder(t, { "wsgi/pywps.wsgi": ECHO });
  // The Apache block runs it as another user, who has to get there, and to an interpreter.
  fs.chmodSync(cwd, 0o755);
  return cwd;
}

/** The guide's gunicorn command as its shell hands it over, two workers and another port in place of its own. */
function gunicorn(cwd: string, port: number): string[] {
  const command = block(/^gunicorn3 -b 127/m)
    .trim()
    .replaceAll("\n", " ")
    .replaceAll("/home/user/pywps-flask", cwd)
    .replace(":8081", `:${port}`)
    .replace("nproc --all", "echo 1");
  const words = execFileSync("sh", ["-c", `for word in ${command}; do printf '%s\\n' "$word"; done`], {
    encoding: "utf8",
  });
  return words.trimEnd().split("\n");
}

for (const folderName of ["", "wsgi"]) {
  const where = folderName === "" ? "the project's folder" : "wsgi/";
  test(`gunicorn3 as in the guide, from ${where}, after the step with the symbolic link`, { skip }, async (t) => {
    const cwd = project(t);
    const port = await freePort();
    execFileSync("sh", ["-c", block(/ln -s/).replace("/home/user/pywps-flask", cwd)]);
    const instance = start(t, gunicorn(cwd, port), { cwd: path.join(cwd, folderName) });
    await serving(instance);
    const answer = await ask(`http://127.0.0.1:${port}/wps?request=GetCapabilities&service=wps`);
    assert.equal(answer.status, 200);
    assert.equal(environOf(answer.body)["QUERY_STRING"], "request=GetCapabilities&service=wps");
    await until(() => /2 workers/.test(instance.output.err));
  });

  test(`gunicorn3 as in the guide, from ${where}, without that step`, { skip }, async (t) => {
    const cwd = project(t);
    const port = await freePort();
    const instance = start(t, gunicorn(cwd, port), { cwd: path.join(cwd, folderName) });
    await serving(instance);
    assert.equal((await ask(`http://127.0.0.1:${port}/wps`)).status, 200);
  });
}

test("the guide's location alone is a site on port 80, and its headers reach gunicorn's app", { skip }, async (t) => {
  const cwd = project(t);
  const [port, appPort] = [await freePort(), await freePort()];
  const location = block(/location \/wps/).replace(":8081", `:${appPort}`);
  fs.writeFileSync(path.join(cwd, "wps"), location);
  const command = gunicorn(cwd, appPort)
    .map((word) => `'${word}'`)
    .join(" ");
  const instance = start(t, ["run", "wps", "--with", command, "--port-offset", String(port - 80)], { cwd });
  await serving(instance);
  const url = `http://127.0.0.1:${port}`;
  const environ = environOf(
    (await ask(`${url}/wps?request=GetCapabilities`, { headers: { host: "wps.example" } })).body,
  );
  assert.equal(environ["PATH_INFO"], "/wps");
  assert.equal(environ["SCRIPT_NAME"], "");
  assert.equal(environ["HTTP_HOST"], "wps.example");
  assert.equal(environ["HTTP_X_NGINX_PROXY"], "true");
  assert.equal(environ["HTTP_X_REAL_IP"], "127.0.0.1");
  assert.equal(environ["HTTP_X_FORWARDED_FOR"], "127.0.0.1");
  assert.equal((await ask(`${url}/other`)).status, 404);
});

test("the guide's Apache block mounts the script at /wps, with its own user, processes and threads", {
  skip,
}, async (t) => {
  const cwd = project(t);
  const port = await freePort();
  let text = block(/WSGIDaemonProcess/).replaceAll("/home/user/pywps-flask", cwd);
  if (process.getuid?.() !== 0) text = text.replace(/ (?:user|group)=\S+/g, "");
  fs.writeFileSync(path.join(cwd, "pywps.conf"), text);
  const instance = start(t, ["run", "pywps.conf", "--python", "/usr/bin/python3", "--port-offset", String(port - 80)], {
    cwd,
  });
  await serving(instance);
  await until(() => /2 workers x 5 threads/.test(instance.output.err));
  const environ = environOf((await ask(`http://127.0.0.1:${port}/wps/x?service=wps`)).body);
  assert.equal(environ["SCRIPT_NAME"], "/wps");
  assert.equal(environ["PATH_INFO"], "/x");
  assert.equal((await ask(`http://127.0.0.1:${port}/elsewhere`)).status, 404);
});
