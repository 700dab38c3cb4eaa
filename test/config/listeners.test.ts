import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../src/base/errors.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { WrittenSettings } from "../../src/config/schema.ts";
import { folderWith } from "./files.ts";
import { inspect, load, site } from "./written.ts";

test("hosts are exact, wildcards, both, or patterns whose groups are variables", () => {
  const { hosts } = site({
    hosts: ["Example.ORG.", "*.example.org", ".example.net", "~^(?<user>.+)\\.example\\.com$", "_"],
    routes: [{ respond: "{user} {1}" }],
  });
  assert.deepEqual(hosts, ["example.org", "*.example.org", ".example.net", "~^(?<user>.+)\\.example\\.com$", "_"]);
});

test("the same host may stand on two listeners", () => {
  const listeners = ["*:80", "unix:./a.sock"];
  const { sites } = load({
    listeners,
    sites: [
      { hosts: "a", listeners: ":80", default: true, routes: [{ respond: "x" }] },
      { hosts: "a", listeners: "unix:a.sock", default: true, routes: [{ respond: "y" }] },
    ],
  });
  assert.deepEqual(
    sites.map((one) => [one.listeners, one.default]),
    [
      [["*:80"], true],
      [["unix:/srv/a.sock"], true],
    ],
  );
});

test("sites that were bound to one listener are bound to the one that takes its place", () => {
  const bound: WrittenSettings = {
    listeners: ["*:80"],
    sites: [
      { listeners: "*:80", routes: [{ respond: "x" }] },
      { hosts: "b", routes: [{ respond: "y" }] },
    ],
  };
  assert.deepEqual(load(bound, { listen: ["127.0.0.1:1"] }).sites[0]?.listeners, ["127.0.0.1:1"]);
  assert.deepEqual(load(bound, { set: ["listeners.0=127.0.0.1:2"] }).sites[0]?.listeners, ["127.0.0.1:2"]);
  const { errors } = inspect(bound, { listen: ["*:1", "*:2"] });
  assert.deepEqual(errors.map(describe), [
    "command line: sites[0].listeners: there is no listener *:80\n  --listen replaces the listeners by *:1, *:2; name those that the sites name, or leave the site's listeners out",
  ]);
});

test("sites that were bound to several listeners are not guessed at", () => {
  const bound: WrittenSettings = {
    listeners: ["*:80", "*:81"],
    sites: [
      { listeners: "*:80", routes: [{ respond: "x" }] },
      { listeners: "*:81", routes: [{ respond: "y" }] },
    ],
  };
  const { errors } = inspect(bound, { listen: ["*:1"] });
  assert.deepEqual(
    errors.map(({ message }) => message),
    ["sites[0].listeners: there is no listener *:80", "sites[1].listeners: there is no listener *:81"],
  );
});

test("uwsgi is spoken on Unix sockets and on loopback, elsewhere when it is said twice", () => {
  const listeners = [
    { address: "unix:/run/a.sock", protocol: "uwsgi" },
    { address: "127.0.0.1:1", protocol: "uwsgi" },
    { address: "[::1]:1", protocol: "uwsgi" },
    { address: "*:2", protocol: "uwsgi", public: true },
  ];
  const config = load({ listeners, sites: [{ routes: [{ respond: "x" }] }] });
  assert.deepEqual(
    config.listeners.map(({ protocol }) => protocol),
    ["uwsgi", "uwsgi", "uwsgi", "uwsgi"],
  );
});

test("a listener has one certificate or several", () => {
  const tls = (written: object) =>
    load({ listeners: [{ address: "*:443", tls: written }], apps: { a: { wsgi: "a:a" } } }).listeners[0]?.tls;
  assert.deepEqual(tls({ certificate: "c.pem", key: "k.pem" }), {
    certificates: [{ certificate: "/srv/c.pem", key: "/srv/k.pem" }],
    managed: null,
    clientAuthorities: null,
    clients: "none",
    clientRevocations: null,
    keyPasswords: null,
    refuseUnknown: false,
    minimum: "TLSv1.2",
    ciphers: null,
  });
  const several = tls({
    certificates: [
      { certificate: "/c", key: "/k" },
      { certificate: "/d", key: "/l" },
    ],
    client_ca: "/ca",
    client: "optional",
    minimum: 1.3,
    ciphers: "X",
  });
  assert.deepEqual(several, {
    certificates: [
      { certificate: "/c", key: "/k" },
      { certificate: "/d", key: "/l" },
    ],
    managed: null,
    clientAuthorities: "/ca",
    clients: "optional",
    clientRevocations: null,
    keyPasswords: null,
    refuseUnknown: false,
    minimum: "TLSv1.3",
    ciphers: "X",
  });
});

test("a site needs no app", () => {
  assert.deepEqual(load({ sites: [{ routes: [{ static: "x" }] }] }).apps, {});
});

test("a profile may replace the listener of the sites", (t) => {
  const text = `listeners: ['*:80']
sites: [{listeners: '*:80', routes: [{respond: x}]}]
profiles: {development: {listeners: ['127.0.0.1:5000']}}
`;
  const directory = folderWith(t, { "propylon.yaml": text });
  const { config } = loadConfig({ file: ".", profile: "development", environment: {}, flags: {}, directory });
  assert.deepEqual(config.sites[0]?.listeners, ["127.0.0.1:5000"]);
});
