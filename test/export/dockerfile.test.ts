import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { PropylonError } from "../../src/base/errors.ts";
import { composeFile } from "../../src/export/compose.ts";
import { dockerfile, type Image, type ImageOptions } from "../../src/export/dockerfile.ts";
import { configOf } from "./config.ts";

const SHOP = { apps: { shop: { wsgi: "shop:app" } }, listeners: ["*:80"] };

function image(
  document: Readonly<Record<string, unknown>> = {},
  options: Partial<ImageOptions> = {},
  profile = "",
): Image {
  const config = { ...configOf({ ...SHOP, ...document }, "/home/me/shop"), profile };
  return dockerfile(config, { file: "/home/me/shop/propylon.yaml", requirements: ["."], packages: [], ...options });
}

/** The last CMD, as Docker reads it. */
function commandOf({ text }: Image): unknown {
  return JSON.parse(/\nCMD (.*)\n$/.exec(text)![1]!);
}

/** What the image says in the stage that is kept. */
function lastStage({ text }: Image): string {
  return text.slice(text.lastIndexOf("\nFROM "));
}

test("an image runs main as process 1 and as nobody special, with the app's packages, and is asked for its health", () => {
  const made = image();
  assert.deepEqual(commandOf(made), [
    "/opt/propylon/bin/propylon",
    "run",
    "/srv/app/propylon.yaml",
    "--python",
    "/opt/venv",
    "--admin",
    "127.0.0.1:7700",
  ]);
  const kept = lastStage(made);
  for (const line of ["USER propylon", "EXPOSE 80", "STOPSIGNAL SIGTERM"])
    assert.ok(kept.includes(`\n${line}\n`), line);
  assert.match(kept, /HEALTHCHECK .*\n {2}CMD \[.*http:\/\/127\.0\.0\.1:7700\/readyz/);
  assert.match(
    made.text,
    /\nRUN \["\/opt\/venv\/bin\/pip","install","--no-cache-dir","-r","\/build\/requirements\.txt"\]\n/,
  );
  assert.doesNotMatch(kept, /npm|pip/, "nothing that builds is kept");
  assert.equal(made.lowPort, true);
});

test("what listens on 127.0.0.1 listens on every network of the container, unless that would lose a setting", () => {
  const local = image({ listeners: ["127.0.0.1:8000", "[::1]:8001"] });
  assert.deepEqual((commandOf(local) as string[]).slice(-4), ["--listen", "*:8000", "--listen", "*:8001"]);
  const bound = image({
    listeners: ["127.0.0.1:8000"],
    sites: [{ listeners: ["127.0.0.1:8000"], routes: [{ app: "shop" }] }],
  });
  assert.ok(!(commandOf(bound) as string[]).includes("--listen"));
  assert.match(bound.notes.join("\n"), /127\.0\.0\.1:8000 is reached from within the container alone/);
  assert.ok(!(commandOf(image()) as string[]).includes("--listen"));
});

test("profile and admin address of the configuration hold in the image", () => {
  const made = image({ admin: "0.0.0.0:9100", listeners: ["*:8080"] }, {}, "production");
  const command = commandOf(made) as string[];
  assert.deepEqual(command.slice(command.indexOf("--profile"), command.indexOf("--profile") + 2), [
    "--profile",
    "production",
  ]);
  assert.ok(!command.includes("--admin"));
  assert.match(made.text, /http:\/\/127\.0\.0\.1:9100\/readyz/);
  assert.match(made.text, /\nEXPOSE 8080\n/);
});

test("the one account of the configuration is the image's, several are made and main is root", () => {
  const one = image({ user: "shop" });
  assert.match(one.text, /\nUSER shop\n/);
  assert.match(one.text, /useradd .* shop\n/);
  const several = image({ user: "www-data", apps: { shop: { wsgi: "shop:app", user: "shop", group: "web" } } });
  assert.doesNotMatch(several.text, /\nUSER /);
  for (const made of [/groupadd --system web\n/, /useradd .* shop\n/, /useradd .* www-data\n/])
    assert.match(several.text, made);
  assert.match(several.notes.join("\n"), /main is root/);
  const programs = {
    mail: { command: "/home/me/shop/mail", user: "a" },
    cron: { command: "/home/me/shop/cron", user: "b" },
  };
  assert.match(image({ programs }).notes.join("\n"), /shop names no user and would run as root/);
});

test("logs are volumes, packages of known programs are installed, other programs are told of", () => {
  const made = image(
    {
      access_log: "/var/log/shop/access.log",
      programs: { cache: { command: "redis-server --port 6379" }, blog: { command: "node server.js" } },
    },
    { packages: ["libpq5"] },
  );
  assert.match(made.text, /install -y --no-install-recommends libatomic1 libpq5 redis-server /);
  assert.match(made.text, /\nVOLUME \["\/var\/log\/shop"\]\n/);
  assert.match(made.text, /\nRUN \["install","-d","-o","propylon","\/srv\/app","\/var\/log\/shop"\]\n/);
  assert.deepEqual(made.notes, ["program blog: see that the image has node"]);
});

test("logs beside the code are no volume, which would hide the next version of the code", () => {
  const made = image({ access_log: "/home/me/shop/access.log" });
  assert.doesNotMatch(made.text, /VOLUME/);
  assert.match(made.notes.join("\n"), /log files in \/srv\/app go with the container/);
  assert.match(image({ access_log: "/home/me/shop/log/access.log" }).text, /\nVOLUME \["\/srv\/app\/log"\]\n/);
});

test("an app outside the build context is told of", () => {
  const made = image({ apps: { shop: { wsgi: "shop:app", directory: "/srv/other" } } });
  assert.match(made.notes.join("\n"), /\/srv\/other is outside \/home\/me\/shop/);
});

test("requirements of an app's own folder are installed with the others", () => {
  const made = image({}, { requirements: [".", "apps/my shop"] });
  assert.ok(made.text.includes('\nCOPY ["apps/my shop/requirements*.txt","/build/apps/my shop/"]\n'));
  assert.ok(made.text.includes('"-r","/build/requirements.txt","-r","/build/apps/my shop/requirements.txt"]'));
  assert.match(image({}, { requirements: [] }).text, /No requirements\.txt/);
});

test("names that would be more than a name in a Dockerfile are refused", () => {
  for (const folder of ["a$HOME", 'a"', "a\nRUN evil", "a\\", "a*", "a;b"])
    assert.throws(() => image({}, { requirements: [folder] }), PropylonError, JSON.stringify(folder));
  for (const name of ["a;b", "-o", "a -o b", "a\nb", "$(a)"])
    assert.throws(() => image({}, { packages: [name] }), PropylonError, JSON.stringify(name));
  assert.throws(() => image({ user: "a;reboot" }), PropylonError);
  assert.throws(() => image({ access_log: "/var/log/$x/access.log" }), PropylonError);
});

test("the file's name stays one word of the command, whatever is in it", () => {
  const file = '/home/me/shop/a "b" $c\n%d.yaml';
  assert.equal((commandOf(image({}, { file })) as string[])[2], '/srv/app/a "b" $c\n%d.yaml');
  assert.equal(image({}, { file }).text.split("\n").length, image().text.split("\n").length);
});

test("a compose file builds the image, maps low ports to high ones and keeps the logs", () => {
  const made = image({ listeners: ["*:80", "*:8443"], access_log: "/var/log/shop/access.log" });
  const text = composeFile(made, { name: "my shop", propylon: '/opt/a "b" $c' });
  assert.deepEqual(parse(text), {
    services: {
      "my-shop": {
        build: { context: ".", additional_contexts: { propylon: '/opt/a "b" $$c' } },
        restart: "unless-stopped",
        stop_grace_period: `${Math.ceil(made.stopTime / 1000)}s`,
        security_opt: ["no-new-privileges:true"],
        sysctls: { "net.ipv4.ip_unprivileged_port_start": 0 },
        ports: ["8080:80", "8443:8443"],
        volumes: ["shop-0:/var/log/shop"],
      },
    },
    volumes: { "shop-0": {} },
  });
});

test("a compose file without low ports and logs says nothing of them", () => {
  const text = composeFile(image({ listeners: ["*:8000"] }), { name: "on", propylon: "/opt/propylon" });
  assert.doesNotMatch(text, /sysctls|volumes/);
  assert.match(text, /\n {2}app:\n/);
});
