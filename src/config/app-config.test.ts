import assert from "node:assert/strict";
import { test } from "node:test";
import { appName, configForApp } from "./app-config.ts";

test("an app is called after its module, or its folder when the module's name says nothing", () => {
  const names: readonly (readonly [string, string, string])[] = [
    ["app:app", "/srv/person", "person"],
    ["mysite.wsgi:application", "/srv/x", "mysite"],
    ["shop:create_app()", "/srv/x", "shop"],
    ["wsgi/pywps.wsgi", "/srv/x", "pywps"],
    ["app:app", "/", "app"],
    ["app:app", "/srv/My Shop (2)", "My-Shop-2"],
    ["app:app", "/srv/données", "donn-es"],
  ];
  for (const [target, directory, name] of names) assert.equal(appName(target, directory), name, target);
});

test("a module runs in the folder, a script in its own", () => {
  const options = { directory: "/srv/x", environment: {} };
  assert.deepEqual(configForApp("shop:app", options), {
    listeners: ["127.0.0.1:8000"],
    apps: { shop: { wsgi: "shop:app", directory: "/srv/x" } },
  });
  assert.deepEqual(configForApp("mysite.wsgi:application", options)["apps"], {
    mysite: { wsgi: "mysite.wsgi:application", directory: "/srv/x" },
  });
  assert.deepEqual(configForApp("./wsgi/pywps.wsgi:app", options)["apps"], {
    pywps: { script: "./wsgi/pywps.wsgi", callable: "app" },
  });
});

test("PORT is for every network, as platforms for containers expect; factory is passed on", () => {
  const { listeners, apps } = configForApp("shop:make", {
    directory: "/srv/x",
    environment: { PORT: "9000" },
    factory: true,
  });
  assert.deepEqual(
    [listeners, apps],
    [["0.0.0.0:9000"], { shop: { wsgi: "shop:make", directory: "/srv/x", factory: true } }],
  );
});
