import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { dockerfile } from "../../src/export/dockerfile.ts";
import { configOf } from "../export/config.ts";
import { ask } from "../support/instance.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");
const CERTIFICATES = "/etc/ssl/certs";
const BUNDLE = `${CERTIFICATES}/ca-certificates.crt`;
/** ms for a step that fetches packages. */
const SLOW = 300_000;

const APP = `
import os, sys
import itsdangerous

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%d %s %s" % (os.getuid(), itsdangerous.__name__, sys.prefix)).encode()]
`;

const absent = whatIsMissing();
/** One base image for all tests: it takes a minute to make. */
const stage = absent === "" ? newStage() : null;

after(async () => {
  if (stage === null) return;
  for (const child of stage.running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    process.kill(-child.pid!, "SIGTERM"); // buildah does not pass it on
    await once(child, "close");
  }
  stage.buildah("rm", "--all");
  fs.rmSync(stage.work, { recursive: true, force: true });
});

test("the exported Dockerfile builds, and its image serves the app as nobody special and stops when told", {
  timeout: 900_000,
}, async (t) => {
  if (stage === null) return t.skip(absent);
  const { work, buildah } = stage;
  const port = await freePort();
  const app = path.join(work, "shop");
  fs.mkdirSync(app);
  const config = {
    listeners: [`127.0.0.1:${port}`],
    admin: `127.0.0.1:${await freePort()}`,
    apps: { shop: { wsgi: "shop:app" } },
  };
  fs.writeFileSync(path.join(app, "propylon.yaml"), JSON.stringify(config)); // which is YAML
  fs.writeFileSync(path.join(app, "shop.py"), APP);
  fs.writeFileSync(path.join(app, "requirements.txt"), "itsdangerous==2.2.0\n");
  const image = dockerfile(configOf(config, app), {
    file: path.join(app, "propylon.yaml"),
    requirements: ["."],
    packages: [],
  });
  fs.writeFileSync(path.join(app, "Dockerfile"), image.text);
  const images = ["NODE_IMAGE", "PYTHON_IMAGE"].flatMap((name) => ["--build-arg", `${name}=localhost/base`]);
  buildah(
    "bud",
    "--isolation",
    "chroot",
    "--pull-never",
    "--format",
    "docker",
    ...trust(work),
    ...images,
    "--build-context",
    `propylon=${ROOT}`,
    "-t",
    "localhost/shop",
    app,
  );

  const container = buildah("from", "--pull-never", "localhost/shop").trim();
  const { User, Cmd, Healthcheck } = JSON.parse(buildah("inspect", container)).Docker.config;
  assert.equal(User, "propylon");
  const inside = ["run", "--isolation", "chroot", container, "--"];
  buildah(...inside, "test", "!", "-e", "/opt/propylon/node_modules/typescript");

  const { ended, output } = await served(stage, [...inside, ...Cmd]);
  const answer = await ask(`http://127.0.0.1:${port}/`);
  const [uid, module, prefix] = answer.body.split(" ");
  assert.deepEqual([answer.status, module, prefix], [200, "itsdangerous", "/opt/venv"]);
  assert.notEqual(uid, "0", "the app is not root");
  const [kind, ...check] = Healthcheck.Test as string[];
  assert.equal(kind, "CMD");
  buildah(...inside, ...check);

  buildah(...inside, "propylon", "stop", "--directory", "/srv/app");
  assert.deepEqual(await ended, [0, null], output());
  const unwell = spawnSync("buildah", [...storageOptions(work), ...inside, ...check]);
  assert.notEqual(unwell.status, 0, "the health check fails when nothing runs");
});

test("the image of Propylon itself builds from the checkout, and serves what is mounted", {
  timeout: 900_000,
}, async (t) => {
  if (stage === null) return t.skip(absent);
  const { work, buildah } = stage;
  const images = ["NODE_IMAGE", "PYTHON_IMAGE"].flatMap((name) => ["--build-arg", `${name}=localhost/base`]);
  const context = path.join(work, "checkout");
  command("git", ["clone", "-q", "--depth", "1", `file://${ROOT}`, context]);
  const options = ["--isolation", "chroot", "--pull-never", "--format", "docker"];
  buildah("bud", ...options, ...trust(work), ...images, "-t", "localhost/propylon", context);

  const app = path.join(work, "site");
  fs.mkdirSync(app, { mode: 0o755 });
  fs.writeFileSync(path.join(app, "app.py"), APP.replace("import itsdangerous", "import json as itsdangerous"));
  const container = buildah("from", "--pull-never", "localhost/propylon").trim();
  const { User, Entrypoint, Healthcheck } = JSON.parse(buildah("inspect", container)).Docker.config;
  assert.equal(User, "propylon");
  const port = await freePort();
  const admin = `127.0.0.1:${await freePort()}`;
  const set = ["--env", `PORT=${port}`, "--env", `PROPYLON_ADMIN=${admin}`, "--volume", `${app}:/srv/app:ro`];
  const inside = ["run", "--isolation", "chroot", ...set, container, "--"];
  const { ended, output } = await served(stage, [...inside, ...Entrypoint, "app:app"]);
  const [uid, module] = (await ask(`http://127.0.0.1:${port}/`)).body.split(" ");
  assert.deepEqual([uid !== "0", module], [true, "json"]);
  const [, ...check] = (Healthcheck.Test as string[]).map((word) => word.replace("127.0.0.1:7700", admin));
  buildah(...inside, ...check);
  buildah(...inside, ...Entrypoint, "stop", "--directory", "/srv/app");
  assert.deepEqual(await ended, [0, null], output());
});

// --- internal ---

interface Stage {
  readonly work: string;
  readonly buildah: Buildah;
  readonly running: ChildProcess[];
}

/** In words; empty when all is there. */
function whatIsMissing(): string {
  const missing = ["buildah", "debootstrap", "npm"].filter(
    (name) => spawnSync(name, ["--version"]).error !== undefined,
  );
  if (missing.length > 0) return `needs ${missing.join(", ")}`;
  return process.getuid!() === 0 ? "" : "needs root for debootstrap";
}

function newStage(): Stage {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-test-"));
  const buildah: Buildah = (...args) => command("buildah", [...storageOptions(work), ...args]);
  baseImage(buildah, work);
  return { work, buildah, running: [] };
}

/** Runs a container until it serves. */
async function served({ work, running }: Stage, words: readonly string[]) {
  const serving = spawn("buildah", [...storageOptions(work), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running.push(serving);
  let said = "";
  for (const stream of [serving.stdout, serving.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      serving.emit("said");
    });
  const ended = once(serving, "close");
  while (!/serving \w+ at/.test(said)) {
    const first = await Promise.race([once(serving, "said"), ended.then(() => null)]);
    assert.ok(first !== null, `it ended: ${said}`);
  }
  return { ended, output: () => said };
}

type Buildah = (...args: readonly string[]) => string;

function storageOptions(work: string): readonly string[] {
  return ["--storage-driver", "vfs", "--root", path.join(work, "storage"), "--runroot", path.join(work, "run")];
}

/** `localhost/base`: a minimal Debian with Python, and the Node and npm of this machine. */
function baseImage(buildah: Buildah, work: string): void {
  const { mirror, codename } = debian();
  const root = path.join(work, "root");
  const packages = "python3,python3-venv,ca-certificates";
  command("debootstrap", ["--variant=minbase", `--include=${packages}`, codename, root, mirror]);
  const container = buildah("from", "scratch").trim();
  buildah("copy", "-q", container, root, "/");
  fs.rmSync(root, { recursive: true, force: true });
  const npm = path.join(fs.realpathSync(command("sh", ["-c", "command -v npm"]).trim()), "..", "..");
  buildah("copy", "-q", container, fs.realpathSync(process.execPath), "/usr/local/bin/node");
  buildah("copy", "-q", container, npm, "/usr/local/lib/node_modules/npm");
  const link = ["ln", "-s", "../lib/node_modules/npm/bin/npm-cli.js", "/usr/local/bin/npm"];
  buildah("run", "--isolation", "chroot", container, "--", ...link);
  buildah("commit", "-q", container, "localhost/base");
  buildah("rm", container);
}

/** The Debian archive that this machine installs from. */
function debian(): { readonly mirror: string; readonly codename: string } {
  const format = "$(REPO_URI) $(CODENAME) $(LABEL)";
  const lines = command("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]).split("\n");
  const archive = lines
    .map((line) => line.split(" "))
    .find(([, codename, label]) => label === "Debian" && /^[a-z]+$/.test(codename!));
  assert.ok(archive !== undefined, "apt knows no Debian archive");
  return { mirror: archive[0]!, codename: archive[1]! };
}

/** The build trusts the authorities that this machine trusts. */
function trust(work: string): readonly string[] {
  if (!fs.existsSync(BUNDLE)) return [];
  const npm = path.join(work, "npmrc");
  const pip = path.join(work, "pip.conf");
  fs.writeFileSync(npm, `cafile=${BUNDLE}\n`);
  fs.writeFileSync(pip, `[global]\ncert = ${BUNDLE}\n`);
  const mounts = { [CERTIFICATES]: CERTIFICATES, [npm]: "/root/.npmrc", [pip]: "/etc/pip.conf" };
  return Object.entries(mounts).flatMap(([from, to]) => ["--volume", `${from}:${to}:ro`]);
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function command(name: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    encoding: "utf8",
    timeout: SLOW,
    maxBuffer: 1 << 26,
  });
  if (error !== undefined || status !== 0)
    throw new Error(`${name} ${args.join(" ")}: ${error?.message ?? status}\n${stdout}${stderr}`.slice(-8000));
  return stdout;
}
