import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { block, serving, skip } from "../seeds/guide.ts";
import { ask, freePort, run, start, until } from "../support/instance.ts";
import { type Example, example } from "./example.ts";

/** The example's packages, as an activated virtual environment gives them. */
function activated({ python }: Example): Record<string, string> {
  return path.isAbsolute(python) ? { VIRTUAL_ENV: path.dirname(path.dirname(python)) } : {};
}

test("person: NGINX and Waitress as in the guide, then the propylon.yaml that import writes of them", {
  skip,
}, async (t) => {
  const place = await example(t, "person");
  const { cwd } = place;
  const [port, appPort] = [await freePort(), await freePort()];
  const conf = block(/error_page\s+500 502/)
    .replace(/listen\s+80;/, `listen ${port};`)
    .replace("127.0.0.1:5000", `127.0.0.1:${appPort}`);
  fs.writeFileSync(path.join(cwd, "nginx.conf"), conf);
  fs.mkdirSync(path.join(cwd, "html"));
  fs.renameSync(path.join(cwd, "50x.html"), path.join(cwd, "html/50x.html"));
  const command = block(/^waitress-serve/m)
    .trim()
    .replace(":5000", `:${appPort}`);
  const url = `http://127.0.0.1:${port}`;
  const asked = async (): Promise<void> => {
    assert.match((await ask(`${url}/`)).body, /Ada Example/);
    assert.equal((JSON.parse((await ask(`${url}/api/all/`)).body) as unknown[]).length, 3);
    assert.equal((await ask(`${url}/static/style.css`)).status, 200);
    assert.equal((await ask(`http://127.0.0.1:${appPort}/api/person/1`)).status, 200);
    assert.match((await ask(`${url}/50x.html`)).body, /Back soon/);
  };
  const files = ["nginx.conf", "--with", command];
  const stack = start(t, ["run", ...files], { cwd, env: activated(place) });
  await serving(stack);
  await asked();
  assert.equal((await run(["stop"], cwd)).code, 0);

  fs.rmSync(path.join(cwd, "propylon.yaml"));
  assert.equal((await run(["import", ...files, "-o", "propylon.yaml"], cwd)).code, 0);
  fs.rmSync(path.join(cwd, "nginx.conf"));
  assert.equal((await run(["check"], cwd)).code, 0);
  const alone = start(t, ["run"], { cwd, env: activated(place) });
  await serving(alone);
  await asked();
});

const WPS = "wps?service=WPS&version=1.0.0&request=";

test("pywps: NGINX's location and the gunicorn3 command, with neither link nor empty module", { skip }, async (t) => {
  const place = await example(t, "pywps");
  const { cwd } = place;
  const [port, appPort] = [await freePort(), await freePort()];
  fs.writeFileSync(path.join(cwd, "wps"), block(/location \/wps/).replace(":8081", `:${appPort}`));
  const line = block(/^gunicorn3 -b 127/m)
    .trim()
    .replaceAll("\n", " ")
    .replaceAll("/home/user/pywps-flask", cwd)
    .replace(":8081", `:${appPort}`)
    .replace("nproc --all", "echo 1");
  const words = execFileSync("sh", ["-c", `echo ${line}`], { encoding: "utf8" }).trim();
  const env = { ...activated(place), PYWPS_URL: "http://wps.example" };
  const stack = start(t, ["run", "wps", "--with", words, "--port-offset", String(port - 80)], { cwd, env });
  await serving(stack);
  const execute = `${WPS}Execute&identifier=distance&datainputs=lat1=0;lon1=0;lat2=0;lon2=180`;
  for (const at of [port, appPort]) {
    assert.match((await ask(`http://127.0.0.1:${at}/${WPS}GetCapabilities`)).body, /Identifier>distance</);
    assert.match((await ask(`http://127.0.0.1:${at}/${execute}`)).body, />20015\.1\d+</);
  }
});

test("pywps: Apache's block, with its processes and threads", { skip }, async (t) => {
  const place = await example(t, "pywps");
  const { cwd } = place;
  const port = await freePort();
  // The user that it names may not reach the interpreter of whoever runs the tests.
  const conf = block(/WSGIDaemonProcess/)
    .replaceAll("/home/user/pywps-flask", cwd)
    .replace(/ (?:user|group)=\S+/g, "");
  fs.writeFileSync(path.join(cwd, "pywps.conf"), conf);
  const env = { ...activated(place), PYWPS_URL: "http://wps.example" };
  const stack = start(t, ["run", "pywps.conf", "--port-offset", String(port - 80)], { cwd, env });
  await serving(stack);
  assert.match(stack.output.err, /2 workers x 5 threads/);
  assert.match((await ask(`http://127.0.0.1:${port}/${WPS}GetCapabilities`)).body, /Identifier>distance</);
});

test("dash: the parent's site and its program, and uWSGI's ini, as one stack", { skip }, async (t) => {
  const place = await example(t, "dash");
  const { cwd } = place;
  const [port, blogPort] = [await freePort(), await freePort()];
  fs.mkdirSync(path.join(cwd, "log"));
  fs.mkdirSync(path.join(cwd, "bin"));
  const vapor = `#!/bin/sh\nexec '${process.execPath}' '${cwd}/blog/server.mjs' "$(echo "$*" | sed 's/.*--port \\([0-9]*\\).*/\\1/')"\n`;
  fs.writeFileSync(path.join(cwd, "bin/vapor"), vapor, { mode: 0o755 });
  const program = block(/\[program:gmBlog\]/)
    .replaceAll("/home/gmontano/gmBlog/", `${cwd}/blog/`)
    .replaceAll("/var/log/supervisor/", `${cwd}/log/`)
    .replaceAll("--port 8080", `--port ${blogPort}`);
  // `user=root` is for root alone.
  const ours = process.getuid?.() === 0 ? program : program.replace(/^user=.*$/m, "");
  fs.writeFileSync(path.join(cwd, "gmBlog.conf"), ours);
  const environment = activated(place)["VIRTUAL_ENV"];
  const ini = block(/chmod-socket/)
    .replaceAll("/home/gmontano/pyDash/", `${cwd}/`)
    .replace(/^virtualenv.*$/m, environment === undefined ? "" : `virtualenv=${environment}`)
    .replace("processes = 5", "processes = 1");
  fs.writeFileSync(path.join(cwd, "dashapp.ini"), ini);
  // Where the guide ends: "Next we need to do something similar for our Python app".
  const passed = `location /dash/ {\n include uwsgi_params;\n uwsgi_pass unix:${cwd}/dashapp.sock;\n }\n location @proxy`;
  const site = block(/location @proxy/)
    .replace("listen 80 default_server", `listen ${port} default_server`)
    .replace("/home/gmBlog/Public/", `${cwd}/public/`)
    .replace(":8080", `:${blogPort}`)
    .replace("location @proxy", passed);
  fs.writeFileSync(path.join(cwd, "default"), site);

  const stack = start(t, ["run", "default", "dashapp.ini", "gmBlog.conf"], {
    cwd,
    env: { DASH_PREFIX: "/dash/", PATH: `${cwd}/bin:${process.env["PATH"]}` },
  });
  await serving(stack);
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await ask(`${url}/`)).status === 200);
  assert.match((await ask(`${url}/`)).body, /<h1>Blog<\/h1>/);
  assert.equal((await ask(`${url}/blog.css`)).headers["content-type"], "text/css");
  const page = await ask(`${url}/dash/`);
  assert.match(page.body, /<title>Square wave<\/title>/);
  const script = /src="(\/dash\/_dash-component-suites\/[^"]+)"/.exec(page.body)![1]!;
  assert.equal((await ask(`${url}${script}`)).status, 200);
  assert.match((await ask(`${url}/dash/_dash-dependencies`)).body, /"output":"\.\.wave\.figure/);
});
