import assert from "node:assert/strict";
import { test } from "node:test";
import { readNginx } from "../../src/import/nginx/read.ts";
import { flattenTemplate } from "../../src/import/nginx/template-tags.ts";
import type { Reading } from "../../src/import/reading.ts";
import { machine } from "./nginx-machine.ts";

const read = (text: string, files: Record<string, string> = {}, path = "/etc/nginx/site.conf"): Reading =>
  readNginx({ kind: "nginx", form: "file", path, text }, machine(files));

const verdicts = ({ directives }: Reading): string[] =>
  directives.map(({ place, name, verdict }) => `${place.line}:${place.column} ${name} ${verdict}`);

const sitesOf = (reading: Reading): Record<string, unknown>[] =>
  (reading.settings as { sites: Record<string, unknown>[] }).sites;

const BRANCHES: Readonly<Record<string, string>> = {
  Jinja: "{% if tls %}\nlisten 81;\n{%- elif x %}\nlisten 82;\n{% else %}\nlisten 83;\n{% endif %}",
  ERB: "<% if tls %>\nlisten 81;\n<% elsif x -%>\nlisten 82;\n<% else %>\nlisten 83;\n<% end %>",
  Go: "{{ if .Tls }}\nlisten 81;\n{{- else if .X }}\nlisten 82;\n{{ else }}\nlisten 83;\n{{ end }}",
};

for (const [language, branches] of Object.entries(BRANCHES))
  test(`of the branches of a ${language} template the first is read, and all are in the report`, () => {
    const reading = read(`server {\n${branches}\nreturn 204; }`);
    assert.deepEqual(reading.settings.listeners, [{ address: "*:81" }]);
    assert.deepEqual(
      verdicts(reading).map((line) => line.replace(/ (?:\{|<).*(?= )/, " TAG")),
      [
        "1:1 server mapped",
        "9:1 return mapped",
        "3:1 listen mapped",
        "2:1 TAG approximated",
        "5:1 listen approximated",
        "7:1 listen approximated",
      ].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)),
    );
  });

test("a choice between two beginnings of a block is no unbalanced brace", () => {
  const reading = read("{% if a %}\nlocation /a {\n{% else %}\nlocation /b {\n{% endif %}\nreturn 204; }");
  assert.deepEqual(
    (sitesOf(reading)[0]!["routes"] as { prefix: string }[]).map(({ prefix }) => prefix),
    ["/a", "/"],
  );
});

test("a tag in the middle of a directive goes, and a loop is gone through once", () => {
  const reading = read(
    "server { listen 81{% if main %} default_server{% endif %};\n{% for n in names %}server_name {{ n }};{% endfor %}\nreturn 204; }",
  );
  assert.deepEqual(sitesOf(reading)[0]!["hosts"], ["$" + "{n}"]);
});

test("an expression of a template becomes a name of the environment that is made of it", () => {
  const { settings } = read("server { listen 81; server_name {{ site.host|lower }} %(other)s; return 204; }");
  const [site] = (settings as { sites: { hosts: string[] }[] }).sites;
  assert.deepEqual(site!.hosts, ["$" + "{site_host_lower}", "$" + "{other}"]);
});

test("an upstream whose name a template makes has a name of its own", () => {
  const { settings } = read(
    "upstream {{ app }}_server { server a:1; } server { listen 81; location / { proxy_pass http://{{ app }}_server; } }",
  );
  assert.deepEqual(Object.keys(settings.upstreams ?? {}), ["app_server"]);
  const [route] = (settings as { sites: { routes: { proxy: { to: string } }[] }[] }).sites[0]!.routes;
  assert.equal(route!.proxy.to, "http://app_server");
});

test("what a template includes is read from beside it", () => {
  const reading = read('server { listen 81;\n{% include "parts/robots.j2" %}\n}', {
    "/etc/nginx/parts/robots.j2": "location = /robots.txt { return 204; }",
  });
  assert.ok(verdicts(reading).includes("1:1 location mapped"));
});

test("flattening keeps lines and columns", () => {
  const text = "a {% if x %}b\nc{% else %}d\n e{# note\n #}{% endif %} F {{ g }}";
  const flat = flattenTemplate(text).text;
  assert.equal(flat.length, text.length);
  for (const letter of ["a", "b", "c", "F", "{{ g }}"])
    assert.equal(flat.indexOf(letter), text.indexOf(letter), letter);
  assert.deepEqual(flat.match(/[a-z]+/gi), ["a", "b", "c", "F", "g"]);
});

test("a file that is not where nginx would look for it is found beside the configuration that lies in a project", () => {
  const files = {
    "/srv/project/conf/snippets/tls.conf": "ssl_certificate /c.pem; ssl_certificate_key /k.pem;",
    "/srv/project/proxy.inc": "proxy_set_header Host $host;",
  };
  const reading = read(
    "server { listen 443 ssl; include /etc/nginx/snippets/tls.conf;\nlocation / { include proxy.inc; proxy_pass http://a:1; } }",
    files,
    "/srv/project/conf/sites/site.conf",
  );
  assert.equal(reading.directives.filter(({ verdict }) => verdict === "needs-a-decision").length, 0);
  assert.deepEqual(reading.files, ["/srv/project/conf/sites/site.conf", ...Object.keys(files)]);
});

test("a server whose certificate may stand in a file that is missing is not blamed for it", () => {
  const decisions = read("server { listen 443 ssl; include /etc/other/tls.conf; return 204; }").directives.filter(
    ({ verdict }) => verdict === "needs-a-decision",
  );
  assert.deepEqual(
    decisions.map(({ name }) => name),
    ["include"],
  );
});

test("shares of split_clients that are more than everything are refused", () => {
  const noted = (text: string) =>
    read(`split_clients $remote_addr $x { ${text} } server { return 200 $x; }`).directives[0];
  assert.equal(noted("60% a; 40% b;")!.verdict, "mapped");
  assert.match(noted("60% a; 41% b;")!.note, /percent total is greater than 100%/);
  assert.match(noted("6x a;")!.note, /invalid percent value "6x"/);
});
