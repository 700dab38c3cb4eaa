import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { VariableConfig } from "../../src/config/route-model.ts";
import { fail, give, header, nothing, route, site } from "./builders.ts";
import { NGINX, type RealNginx, startNginx } from "./real-nginx.ts";
import { ask, serveSites, type TestSites } from "./serve-sites.ts";

/** Server names, each list one server; the third is the default. */
const SERVERS: readonly (readonly string[])[] = [
  ["example.org", "www.example.*"],
  ["*.example.org"],
  ["default.test"],
  ["*.www.example.org", "mail.*"],
  [".example.net"],
  [String.raw`~^(?<user>\w+)\.example\.(com|io)$`],
  [String.raw`~\.example\.com$`, "exact.example.com"],
];
const DEFAULT = 2;

const HOSTS: readonly string[] = [
  ..."example.org EXAMPLE.org www.example.org www.example.com www.example.co.uk a.example.org a.b.example.org".split(
    " ",
  ),
  ..."a.www.example.org example.net www.example.net a.b.example.net aexample.net ann.example.com bob.example.io".split(
    " ",
  ),
  ..."a.b.example.com exact.example.com mail.test mail.www.example.org other.test default.test example.org.".split(" "),
  ..."127.0.0.1 [::1] example.org:8080 localhost".split(" "),
];

const MAP = `map $arg_k $kind { default none; one first; "two words" second; ~^x-(?<rest>.+)$ "rest $rest"; ~*^CASE insensitive; Big big; "" empty; }
  map $http_x_host $zone { hostnames; default other; *.example.org under; .example.net net; www.example.* www; }
  geo $arg_ip $place { default far; 10.0.0.0/8 wide; 10.1.0.0/16 narrow; 10.1.1.1 one; 2001:db8::/32 six; }`;

const KIND: VariableConfig = {
  from: "{arg_k}",
  values: { one: "first", "two words": "second", Big: "big", "": "empty" },
  hosts: false,
  patterns: [
    { pattern: "^x-(?<rest>.+)$", ignoreCase: false, value: "rest {rest}" },
    { pattern: "^CASE", ignoreCase: true, value: "insensitive" },
  ],
  shares: [],
  networks: {},
  default: "none",
};
const ZONE: VariableConfig = {
  from: "{http_x_host}",
  values: { "*.example.org": "under", ".example.net": "net", "www.example.*": "www" },
  hosts: true,
  patterns: [],
  shares: [],
  networks: {},
  default: "other",
};
const PLACE: VariableConfig = {
  from: "{arg_ip}",
  values: {},
  hosts: false,
  patterns: [],
  shares: [],
  networks: { "10.0.0.0/8": "wide", "10.1.0.0/16": "narrow", "10.1.1.1": "one", "2001:db8::/32": "six" },
  default: "far",
};

let folder: string;
let nginx: RealNginx;
let ours: TestSites;

before(async () => {
  if (NGINX === undefined) return;
  folder = mkdtempSync(join(tmpdir(), "propylon-hosts-"));
  nginx = await startNginx(folder, (port) => {
    const servers = SERVERS.map((names, i) => {
      const quoted = names.map((name) => `"${name}"`).join(" ");
      return `server { listen 127.0.0.1:${port}${i === DEFAULT ? " default_server" : ""}; server_name ${quoted};
        add_header X-Usual "$kind"; add_header X-Always "$uri $status" always; add_header X-Empty "$arg_none";
        location / { return 200 "${i} $user|$server_name|$kind|$zone|$place"; }
        location /gone { return 410; }
        location /moved { return 301 /x; } }`;
    });
    return `${MAP} ${servers.join("\n")}`;
  });
  const rules = [
    header("add", "X-Usual", "{kind}", false),
    header("add", "X-Always", "{uri} {status}"),
    header("add", "X-Empty", "{arg_none}", false),
  ];
  ours = await serveSites(
    SERVERS.map((hosts, i) => {
      const text = `${i} {user}|{server_name}|{kind}|{zone}|{place}`;
      const more = { responseHeaders: rules };
      const routes = [
        route({ kind: "prefix", path: "/", final: false }, nothing, { ...more, rules: [give(200, text)] }),
        route({ kind: "prefix", path: "/gone", final: false }, fail(410), more),
        route({ kind: "prefix", path: "/moved", final: false }, nothing, { ...more, rules: [give(301, "/x")] }),
      ];
      return site(routes, { hosts, default: i === DEFAULT, order: "nginx" });
    }),
    { variables: { kind: KIND, zone: ZONE, place: PLACE } },
  );
});

after(async () => {
  if (NGINX === undefined) return;
  await nginx.stop();
  await ours[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const skip = { skip: NGINX === undefined && "nginx is not installed" };

async function compare(target: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const [theirs, own] = await Promise.all([ask(nginx.port, target, { headers }), ask(ours.port, target, { headers })]);
  assert.equal(own.status, theirs.status);
  if (theirs.status === 200) assert.equal(own.body.toString(), theirs.body.toString());
  for (const name of ["x-usual", "x-always", "x-empty"]) assert.equal(own.headers[name], theirs.headers[name], name);
}

for (const host of HOSTS) {
  test(`the host ${host} is served by the site that nginx chooses`, skip, () => compare("/", { Host: host }));
}

for (const key of ["", "one", "ONE", "two", "x-y", "X-y", "x-", "case7", "big", "none", "x-%41"]) {
  test(`a looked-up value for ${JSON.stringify(key)} is nginx's`, skip, () => compare(`/?k=${key}`, {}));
}

for (const host of [
  "a.example.org",
  "A.B.example.org",
  "example.org",
  "example.net",
  "b.example.net",
  "www.example.x.y",
  "x",
]) {
  test(`a look-up of the host name ${host} gives what nginx's gives`, skip, () => compare("/", { "X-Host": host }));
}

for (const address of ["10.2.3.4", "10.1.2.3", "10.1.1.1", "11.0.0.1", "2001:db8::5", "2001:db9::5", "nonsense", ""]) {
  test(`a look-up of the address ${JSON.stringify(address)} gives what nginx's gives`, skip, () =>
    compare(`/?ip=${address}`, {}),
  );
}

for (const target of ["/", "/gone", "/moved", "/?k=one", "/gone?k=one"]) {
  test(`fields are added to ${target} where nginx adds them`, skip, () => compare(target, { Host: "example.org" }));
}
