// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${...} in plain text is what is tested here
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ProblemList } from "../../src/base/errors.ts";
import { configForApp } from "../../src/config/app-config.ts";
import { type LoadedConfig, type LoadOptions, loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/model.ts";
import { describeOrigin, originAt, type Path } from "../../src/config/sourced.ts";
import { folderWith } from "./files.ts";

const FILE = `listeners: ["127.0.0.1:\${PORT:8000}"]
apps:
  person:
    wsgi: app:app
    workers: 2
    environment: { A: base, B: base, VERSION: 1.10, SECRET: { file: ./secret } }
profiles:
  development:
    listeners: ["127.0.0.1:5000", "unix:./dev.sock"]
    apps: { person: { workers: 1, environment: { A: dev, B: null } } }
  empty:
`;

function load(t: TestContext, options: Partial<LoadOptions> = {}, file = FILE): LoadedConfig {
  const directory = folderWith(t, { "propylon.yaml": file, secret: "s3cret\n" });
  return loadConfig({ file: ".", profile: null, environment: {}, flags: {}, directory, ...options });
}

function originOf(loaded: LoadedConfig, ...path: Path): string {
  return describeOrigin(originAt(loaded.origins, path));
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ProblemList, String(error));
    return error.message;
  }
  return assert.fail("this configuration should have been refused");
}

test("a value comes from the highest layer that sets it, and remembers which", (t) => {
  const key = ["apps", "person", "workers"] as const;
  const layers: readonly (readonly [Partial<LoadOptions>, number, string])[] = [
    [{}, 2, "propylon.yaml:5:14"],
    [{ profile: "development" }, 1, "propylon.yaml:10:32 (profile development)"],
    [
      { profile: "development", environment: { PROPYLON_APPS__PERSON__WORKERS: "5" } },
      5,
      "environment PROPYLON_APPS__PERSON__WORKERS",
    ],
    [{ environment: { PROPYLON_APPS__PERSON__WORKERS: "5" }, flags: { workers: 6 } }, 6, "--workers"],
    [{ flags: { workers: 6, set: ["apps.person.workers=7"] } }, 7, "--set apps.person.workers"],
    [{ flags: { dev: true } }, 1, "propylon dev"],
    [{ flags: { dev: true, workers: "3" } }, 3, "--workers"],
  ];
  for (const [options, workers, origin] of layers) {
    const loaded = load(t, options);
    assert.equal(loaded.config.apps["person"]!.workers, workers);
    assert.equal(originOf(loaded, ...key), origin);
  }
});

test("a profile merges sections, replaces lists and removes what it sets to null", (t) => {
  const { config } = load(t, { profile: "development" });
  assert.deepEqual(
    config.listeners.map(({ address }) => address),
    ["127.0.0.1:5000", `unix:${config.directory}/dev.sock`],
  );
  assert.deepEqual(config.apps["person"]!.environment, { A: "dev", VERSION: "1.10", SECRET: "s3cret" });
  assert.equal(config.profile, "development");
});

test("a profile without content changes nothing", (t) => {
  assert.equal(load(t, { profile: "empty" }).config.apps["person"]!.workers, 2);
});

test("the profile is --profile, else PROPYLON_PROFILE, else the verb's own", (t) => {
  const environment = { PROPYLON_PROFILE: "development" };
  assert.equal(load(t, { environment }).config.profile, "development");
  assert.equal(load(t, { environment, profile: "empty" }).config.profile, "empty");
  assert.equal(load(t, { environment, defaultProfile: "empty" }).config.profile, "development");
  assert.equal(load(t, { defaultProfile: "staging" }).config.profile, "staging");
});

test("a profile that the file does not define is refused with those it does", (t) => {
  const message = refusal(() => load(t, { profile: "developmnet" }));
  assert.match(
    message,
    /^--profile: The profile "developmnet" is not in propylon\.yaml; its profiles are development, empty/,
  );
  assert.match(message, /did you mean "development"\?/);
  assert.match(
    refusal(() => load(t, { environment: { PROPYLON_PROFILE: "x" } })),
    /^environment PROPYLON_PROFILE: /,
  );
});

test("variables are replaced in values in effect only", (t) => {
  assert.equal(load(t).config.listeners[0]!.port, 8000);
  assert.equal(load(t, { environment: { PORT: "5001" } }).config.listeners[0]!.port, 5001);
  const file = "apps: {a: {wsgi: 'a:a', workers: '${MISSING}'}}\nprofiles: {p: {apps: {a: {workers: 1}}}}\n";
  assert.equal(load(t, { profile: "p" }, file).config.apps["a"]!.workers, 1);
  assert.match(
    refusal(() => load(t, {}, file)),
    /^propylon\.yaml:1:34: apps\.a\.workers: The environment variable MISSING is not set$/m,
  );
});

test("values from the environment and flags are never searched for variables", (t) => {
  const loaded = load(t, {
    flags: { set: ["apps.person.environment.A=${X}"] },
    environment: { PROPYLON_APPS__PERSON__ENVIRONMENT__B: "${Y}" },
  });
  assert.equal(loaded.config.apps["person"]!.environment["A"], "${X}");
  assert.equal(loaded.config.apps["person"]!.environment["B"], "${Y}");
});

test("PROPYLON_ variables reach lists, names with hyphens and the app's own variables", (t) => {
  const file = "apps: {my-app: {wsgi: 'a:a', environment: {lower: x}}}\nlisteners: [{address: '127.0.0.1:1'}]\n";
  const environment = {
    PROPYLON_APPS__MY_APP__THREADS: "9",
    PROPYLON_APPS__MY_APP__ENVIRONMENT__lower: "y",
    PROPYLON_APPS__MY_APP__ENVIRONMENT__Mixed: "z",
    PROPYLON_APPS__MY_APP__PYTHONPATH: "[./lib, /opt/lib]",
    PROPYLON_LISTENERS__0__ADDRESS: "127.0.0.1:2",
    PROPYLON_ADMIN: "",
  };
  const { config } = load(t, { environment }, file);
  const app = config.apps["my-app"]!;
  assert.equal(app.threads, 9);
  assert.deepEqual(app.environment, { lower: "y", Mixed: "z" });
  assert.deepEqual(app.pythonpath, [`${config.directory}/lib`, "/opt/lib"]);
  assert.equal(config.listeners[0]!.address, "127.0.0.1:2");
  assert.equal(config.admin, null);
});

test("PROPYLON_LISTEN and --listen replace all listeners", (t) => {
  const environment = { PROPYLON_LISTEN: "127.0.0.1:1, 127.0.0.1:2" };
  assert.deepEqual(
    load(t, { environment }).config.listeners.map(({ port }) => port),
    [1, 2],
  );
  assert.deepEqual(
    load(t, { environment, flags: { listen: ["*:3"] } }).config.listeners.map(({ address }) => address),
    ["*:3"],
  );
});

test("a PROPYLON_ variable that is no setting is ignored with a warning; what Kubernetes sets is ignored silently", (t) => {
  const { warnings } = load(t, {
    environment: {
      PROPYLON_ADMIM: "x",
      PROPYLON_SERVICE_HOST: "10.0.0.1",
      PROPYLON_PORT: "tcp://10.0.0.1:80",
      PROPYLON_PORT_80_TCP_ADDR: "10.0.0.1",
      PROPYLON_DEBUG: "1",
    },
  });
  assert.deepEqual(
    warnings.map(({ message, remedy }) => [message, remedy]),
    [["PROPYLON_ADMIM is not a setting, so it is ignored", 'did you mean "PROPYLON_ADMIN"?']],
  );
});

test("a wrong value from the environment or a flag is refused under its name", (t) => {
  assert.match(
    refusal(() => load(t, { environment: { PROPYLON_LOG__LEVEL: "loud" } })),
    /^environment PROPYLON_LOG__LEVEL: log\.level: expected one of debug, info, warn, error, got "loud"$/,
  );
  assert.match(
    refusal(() => load(t, { flags: { workers: "many" } })),
    /^--workers: apps\.person\.workers: expected a whole number/,
  );
  assert.match(
    refusal(() => load(t, { flags: { set: ["apps.person.worker=1"] } })),
    /^--set apps\.person\.worker: apps\.person\.worker: unknown key\n {2}did you mean "workers"\?$/,
  );
  assert.match(
    refusal(() => load(t, { flags: { set: ["nonsense"] } })),
    /^--set: "nonsense" is not a setting with its value/,
  );
});

test("a part of a short form can't be overridden, for the rest of it would be lost", (t) => {
  const file = "apps: {a: {wsgi: 'a:a'}}\naccess_log: /var/log/a.log\n";
  const message = refusal(() => load(t, { flags: { set: ["access_log.format=json"] } }, file));
  assert.match(message, /^--set access_log\.format: access_log\.format can't be set, because access_log is one value/);
  assert.match(message, /it is at propylon\.yaml:2:13$/);
});

function pathOf({ accessLog }: Config): string | undefined {
  const destination = accessLog[0]?.destination;
  return destination?.kind === "file" ? destination.path : undefined;
}

test("paths in flags start from the current folder, those in the file from its own", (t) => {
  const directory = folderWith(t, {
    "conf/propylon.yaml": "apps: {a: {wsgi: 'a:a', python: ./venv}}\naccess_log: log/a.log\n",
    "conf/log/": "",
  });
  const options = { file: "conf/propylon.yaml", profile: null, environment: {}, directory };
  const plain = loadConfig({ ...options, flags: {} }).config;
  assert.deepEqual(
    [plain.apps["a"]!.python, pathOf(plain), plain.directory],
    [`${directory}/conf/venv`, `${directory}/conf/log/a.log`, `${directory}/conf`],
  );
  const { config } = loadConfig({
    ...options,
    flags: { python: "./venv", accessLog: "a.log", listen: ["unix:./a.sock"] },
  });
  assert.deepEqual(
    [config.apps["a"]!.python, pathOf(config), config.listeners[0]!.path],
    [`${directory}/venv`, `${directory}/a.log`, `${directory}/a.sock`],
  );
});

test("environment files are under environment, later files over earlier ones", (t) => {
  const directory = folderWith(t, {
    "propylon.yaml": "apps: {a: {wsgi: 'a:a', env_file: [one.env, two.env], environment: {C: 3}}}",
    "one.env": "A=1\nB=1\nC=1\n",
    "two.env": "B=2\nC=2\n",
  });
  const { config } = loadConfig({ file: ".", profile: null, environment: {}, flags: {}, directory });
  assert.deepEqual(config.apps["a"]!.environment, { A: "1", B: "2", C: "3" });
});

test("an app given on the command line gets sane defaults", (t) => {
  const directory = folderWith(t, { "shop/": "" });
  const loadApp = (target: string, environment: Record<string, string> = {}): LoadedConfig["config"] =>
    loadConfig({
      file: null,
      document: configForApp(target, { directory: `${directory}/shop`, environment }),
      profile: "staging",
      environment,
      flags: {},
      directory: `${directory}/shop`,
    }).config;
  const plain = loadApp("app:app");
  assert.deepEqual(
    [Object.keys(plain.apps), plain.listeners[0]!.address, plain.profile],
    [["shop"], "127.0.0.1:8000", "staging"],
  );
  assert.deepEqual(plain.apps["shop"]!.load, { kind: "module", target: "app:app" });
  assert.equal(loadApp("app:app", { PORT: "5000" }).listeners[0]!.address, "0.0.0.0:5000");
  const factory = loadApp("mysite.web:create_app()");
  assert.deepEqual(
    [factory.apps["mysite"]!.load, factory.apps["mysite"]!.factory],
    [{ kind: "module", target: "mysite.web:create_app" }, true],
  );
});
