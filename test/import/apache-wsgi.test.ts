import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Said, send } from "../front/client.ts";
import { APACHE, startApache } from "../proxy/programs.ts";
import { folder, freePort, start } from "../support/instance.ts";
import { load } from "./apache-beside.ts";

const MODULE = "/usr/lib/apache2/modules/mod_wsgi.so";
const AVAILABLE = APACHE !== undefined && fs.existsSync(MODULE);

/** Says its environ, the body among it. */
const TELLER = `
import json

def application(environ, start_response):
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    told["body"] = environ["wsgi.input"].read().decode("latin-1")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]
`;
const SCRIPTS = { "site/app.wsgi": TELLER, "site/hidden.wsgi": TELLER, "site/none.txt": "text" };
const LOGIN = `Authorization: Basic ${Buffer.from("bob:password").toString("base64")}`;

/** Lines of a virtual host, and requests: a path, fields and a body. */
const CASES: Readonly<Record<string, readonly [string, ...(readonly [string, readonly string[], string?][])]>> = {
  root: [
    "WSGIScriptAlias / @SITE@/app.wsgi",
    ["/", []],
    ["/a%20b/%C3%A9?x=1", ["Cookie: a=1", "X-Many: a", "X-Many: b", "Content-Type: text/x", LOGIN]],
    ["/b", ["Content-Length: 5"], "hello"],
  ],
  mount: ["WSGIScriptAlias /app @SITE@/app.wsgi", ["/app", []], ["/app/x?y", []], ["/apple", []]],
  files: [
    "WSGIScriptAlias /dir @SITE@\nWSGIScriptAliasMatch ^/m/([a-z]+) @SITE@/$1.wsgi",
    ["/dir/app.wsgi/p?q", []],
    ["/dir/none.wsgi", []],
    ["/m/app/more", []],
    ["/m/zzz", []],
  ],
  handler: [
    'DocumentRoot @SITE@\n<Directory @SITE@>\nOptions +ExecCGI\nAddHandler wsgi-script .wsgi\n<Files "hidden.wsgi">\nRequire all denied\n</Files>\n</Directory>',
    ["/app.wsgi", []],
    ["/app.wsgi/x?y", []],
    ["/hidden.wsgi", []],
    ["/none.txt", []],
  ],
  closed: ["DocumentRoot @SITE@\nAddHandler wsgi-script .wsgi", ["/app.wsgi", []]],
  environment: [
    "SetEnv DJANGO_ENV prod\nSetEnvIf X-Forwarded-Proto https HTTPS=on\nWSGIScriptAlias / @SITE@/app.wsgi",
    ["/", ["X-Forwarded-Proto: https"]],
    ["/", []],
  ],
  logins: [
    "WSGIScriptAlias / @SITE@/app.wsgi\nWSGIPassAuthorization On\n<Location /in>\nAuthType Basic\nAuthName R\nAuthUserFile @SITE@/../htpasswd\nRequire valid-user\n</Location>",
    ["/in/x", [LOGIN]],
    ["/out", [LOGIN]],
    ["/in", []],
  ],
};

/** Keys that tell of the server, its files and connection, or that mod_wsgi adds. */
const OWN =
  /^(?:mod_wsgi\.|apache\.|mod_ssl\.|SERVER_(?:SOFTWARE|ADMIN|SIGNATURE|ADDR|PORT)$|CONTEXT_|DOCUMENT_ROOT|SCRIPT_FILENAME|REMOTE_PORT|GATEWAY_INTERFACE|REQUEST_SCHEME|PATH_TRANSLATED|propylon)/;

test("apps get the environ that mod_wsgi gives them", {
  skip: !AVAILABLE && "mod_wsgi is not installed",
}, async (t) => {
  const root = folder(t, { ...SCRIPTS, htpasswd: "bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n" });
  fs.chmodSync(root, 0o755);
  const site = join(root, "site");
  const hosts = Object.entries(CASES).map(([name, [conf]]) => {
    const body = conf.replaceAll("@SITE@", site);
    return `<VirtualHost 127.0.0.1:@PORT@>\nServerName ${name}.test\n${body}\n</VirtualHost>\n`;
  });
  const modules = ["auth_basic", "authn_core", "authn_file", "authz_user", "env", "setenvif"].map(load);
  const loads = [...modules, `LoadModule wsgi_module ${MODULE}`];
  const apache = await startApache(`${loads.join("\n")}\n${hosts.join("")}`);
  t.after(() => apache[Symbol.asyncDispose]());
  const port = await freePort();
  const cwd = folder(t, { "site.conf": hosts.join("").replaceAll("@PORT@", String(port)) });
  await start(t, ["run", "site.conf"], { cwd }).url;
  for (const [name, [conf, ...asks]] of Object.entries(CASES))
    await t.test(name, async () => {
      for (const [target, fields, body = ""] of asks) {
        const lines = [`Host: ${name}.test`, ...fields, "Connection: close"];
        const bytes = `${body === "" ? "GET" : "POST"} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
        const [theirs, ours] = await Promise.all([send(apache.port, bytes), send(port, bytes)]);
        assert.deepEqual(told(ours), told(theirs), `${conf} ${target}`);
      }
    });
});

function told(said: Said | null): unknown {
  if (said?.status !== 200 || !said.body.startsWith("{")) return [said?.status, said?.status === 200 ? said.body : ""];
  const environ = JSON.parse(said.body) as Record<string, string>;
  return Object.fromEntries(Object.entries(environ).filter(([key]) => !OWN.test(key)));
}
