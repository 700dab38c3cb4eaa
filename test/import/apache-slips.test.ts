import assert from "node:assert/strict";
import { it } from "node:test";
import { readApache } from "../../src/import/apache/read.ts";
import { problemsOf } from "./account.ts";
import { machine } from "./machine.ts";

const FILE = "/etc/apache2/sites-enabled/site.conf";

interface Written {
  readonly apps?: Record<string, Record<string, unknown>>;
  readonly sites?: readonly (Record<string, unknown> & { readonly routes: readonly Record<string, unknown>[] })[];
}

function read(text: string) {
  const reading = readApache({ kind: "apache", form: "file", path: FILE, text }, machine({ [FILE]: text }));
  assert.deepEqual(problemsOf(reading), [], text);
  const settings = reading.settings as unknown as Written;
  const told = (name: string) => reading.directives.find((each) => each.name === name);
  return { reading, settings, told, routes: settings.sites?.[0]?.routes ?? [] };
}

it("lets nobody read programs that Apache would run, nor come without TLS where it is asked for", () => {
  const { routes, told } = read(
    "<VirtualHost *:80>\nDocumentRoot /srv\nDirectoryIndex index.php\n<Location /safe>\nSSLRequireSSL\n</Location>\n</VirtualHost>\n",
  );
  assert.equal(told("SSLRequireSSL")?.verdict, "mapped");
  const php = routes.find(({ fail, when }) => fail === 403 && when !== undefined);
  assert.deepEqual(php?.["when"], [{ value: "{uri}", matches: "\\.php(?:/|$)" }]);
  const safe = routes.filter(({ path }) => path === "/safe");
  assert.deepEqual(
    safe.map(({ when, access }) => [when, access]),
    [
      [[{ value: "{scheme}", equals: "https" }], undefined],
      [undefined, [{ deny: "all" }]],
    ],
  );
});

it("names what a template leaves out, and reads what stands around it", () => {
  const { told, settings } = read(
    "{% if tls %}\n<VirtualHost *:80>\nServerName {{ name | lower }}\nWSGIDaemonProcess a processes={{ count }} python-path={{ a }}/b:/c\nWSGIScriptAlias / /srv/a.wsgi process-group=a\n</VirtualHost>\n{% endif %}\n",
  );
  assert.equal(told("{% endif %}")?.verdict, "approximated");
  assert.equal(told("WSGIDaemonProcess")?.verdict, "approximated");
  assert.deepEqual(settings.apps?.["a"]?.["pythonpath"], ["{{ a }}/b", "/c"]);
});

it("settings that make no sense are told, and what is left can be run", () => {
  for (const line of [
    "LimitRequestBody {",
    "KeepAliveTimeout x",
    "TimeOut",
    "ErrorLog",
    'CustomLog ""',
    "DocumentRoot",
    "ForceType <none",
    "AddType text/x-own ~.own",
    "SSLCertificateFile",
    "WSGIDaemonProcess a processes=19999999",
    "SetEnv NAME=value",
    "ProxyPass / http://127.0.0.1:1/ timeout=x",
    "<Limit GET</>",
    "<Location",
    "</Location>",
    "RewriteRule ^/x",
    "RewriteRule ( /x [R=9,L]",
    "RewriteCond %{NOSUCH} x\nRewriteRule ^ /x",
    "Header set",
    'Header edit X "(" y',
    "Redirect",
    "AliasMatch ( /srv",
    "WSGIScriptAliasMatch ^/(a /srv/$1",
    '<If "%{">\nRequire all denied\n</If>',
    "ErrorDocument 99 /x",
    "RewriteMap m txt:",
    "Alias /x",
  ]) {
    const { reading } = read(
      `<VirtualHost *:80>\nDocumentRoot /srv\nRewriteEngine On\n${line}\nServerName a.example\n</VirtualHost>\n`,
    );
    const told = reading.directives.filter(({ place }) => place.line === 4 || place.line === 5);
    assert.ok(told.some(({ verdict }) => verdict !== "mapped") || /^(?:TimeOut|<Limit|<Location)/.test(line), line);
  }
});
