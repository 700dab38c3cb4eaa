import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { field, get, send } from "../front/client.ts";
import { APACHE, startApache } from "../proxy/programs.ts";
import { folder, freePort, start } from "../support/instance.ts";

/** ann:secret by apr1 and bob:password by SHA. */
const USERS = "ann:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n";

/** What a place says, by its name. */
const PLACES: Readonly<Record<string, string>> = {
  valid: "Require valid-user",
  user: "Require user ann",
  users: "Require user eve\nRequire user bob",
  granted: "Require all granted",
  denied: "Require all denied",
  near: "Require ip 127.0.0.1",
  far: "Require ip 10.1",
  local: "Require local",
  either: "Require ip 10.1\nRequire valid-user",
  eitherNear: "Require ip 127\nRequire valid-user",
  all: "<RequireAll>\nRequire ip 127.0.0.0/8\nRequire valid-user\n</RequireAll>",
  allFar: "<RequireAll>\nRequire ip 10.1\nRequire valid-user\n</RequireAll>",
  notNear: "<RequireAll>\nRequire all granted\nRequire not ip 127.0.0.1\n</RequireAll>",
  notFar: "<RequireAll>\nRequire all granted\nRequire not ip 10.0.0.0/8\n</RequireAll>",
  none: "<RequireAll>\nRequire all granted\n<RequireNone>\nRequire ip 10\nRequire ip 127\n</RequireNone>\n</RequireAll>",
  nested: "<RequireAny>\nRequire ip 10.1\n<RequireAll>\nRequire user ann bob\n</RequireAll>\n</RequireAny>",
  oldDeny: "Order deny,allow\nDeny from all",
  oldAllow: "Order allow,deny\nAllow from all",
  oldNear: "Order deny,allow\nDeny from all\nAllow from 127.0.0.1",
  oldFar: "Order allow,deny\nAllow from 10.1\nDeny from 127",
  oldBoth: "Order deny,allow\nDeny from all\nAllow from 127\nRequire valid-user",
  satisfyAny: "Order deny,allow\nDeny from all\nSatisfy any\nRequire valid-user",
  satisfyNear: "Order deny,allow\nDeny from all\nAllow from 127\nSatisfy any\nRequire valid-user",
  satisfyAll: "Order deny,allow\nDeny from all\nSatisfy all\nRequire valid-user",
};
const MODULES = ["authn_core", "authn_file", "auth_basic", "authz_user", "authz_host", "access_compat"];
const login = (pair: string): readonly string[] => [`Authorization: Basic ${Buffer.from(pair).toString("base64")}`];
const LOGINS = [[], login("ann:secret"), login("bob:password"), login("ann:wrong"), login("eve:secret")];

test("who may come in is decided as Apache decides it", {
  skip: APACHE === undefined && "apache2 is not installed",
}, async (t) => {
  const directory = folder(t, { htpasswd: USERS });
  const site = join(directory, "www");
  for (const name of Object.keys(PLACES)) {
    fs.mkdirSync(join(site, name), { recursive: true });
    fs.writeFileSync(join(site, name, "a.txt"), name);
  }
  // Apache's children may not be who made the folder.
  fs.chmodSync(directory, 0o755);
  const places = Object.entries(PLACES).map(([name, lines], index) => {
    const section = index % 2 === 0 ? "Location" : "Directory";
    const at = section === "Location" ? `/${name}` : join(site, name);
    // Apache answers 500 where AuthType stands without Require.
    const type = lines.includes("Require") ? "AuthType Basic\n" : "";
    return `<${section} ${at}>\n${type}AuthName "Members only"\nAuthBasicProvider file\nAuthUserFile ${directory}/htpasswd\n${lines}\n</${section}>`;
  });
  const body = `DocumentRoot ${site}\n${places.join("\n")}\n`;
  const loads = MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n");
  await using apache = await startApache(`${loads}\n${body}`);
  const port = await freePort();
  const cwd = folder(t, { "site.conf": `<VirtualHost 127.0.0.1:${port}>\n${body}</VirtualHost>\n` });
  const instance = start(t, ["run", "site.conf"], { cwd });
  await instance.url;
  for (const name of Object.keys(PLACES))
    await t.test(name, async () => {
      for (const headers of LOGINS) {
        const bytes = get(`/${name}/a.txt`, headers);
        const [theirs, own] = await Promise.all([send(apache.port, bytes), send(port, bytes)]);
        assert.equal(own?.status, theirs?.status, `${PLACES[name]} ${headers.join()}`);
        assert.deepEqual(
          field(own, "www-authenticate").map((value) => value.replace(', charset="UTF-8"', "")),
          field(theirs, "www-authenticate"),
        );
      }
    });
});
