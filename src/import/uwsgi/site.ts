import { extname, resolve } from "node:path";
import type { ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import type { UwsgiApps } from "./apps.ts";
import type { Instance, StaticMap } from "./instance.ts";

/** Whether the instance answers with more than one app does, so that a door to the app would leave something out. */
export function needsSite(instance: Instance, apps: UwsgiApps): boolean {
  return (
    instance.staticMaps.length > 0 ||
    instance.staticChecks.length > 0 ||
    instance.headers.length > 0 ||
    apps.mounts.some(({ point, app }) => app !== apps.main || (point !== "/" && instance.manageScriptName))
  );
}

/**
 * The routes of an instance: regular files that are there, in uWSGI's order (`check-static`, then `static-map`), else the app that is
 * mounted at the path.
 */
export function routesOf(
  instance: Instance,
  apps: UwsgiApps,
  directory: string,
  context: ReadContext,
): readonly Plain[] {
  const checks = instance.staticChecks.flatMap((folder) =>
    fileRoutes({ prefix: "", target: folder, whole: false }, instance, directory, context),
  );
  const statics = instance.staticMaps.flatMap((map) =>
    fileRoutes({ ...map, prefix: urlPath(map.prefix) }, instance, directory, context),
  );
  const mounted = mountRoutes(instance, apps);
  return [...checks, ...statics, ...headerRoutes(instance, apps, mounted), ...mounted, answerOf(apps.main)];
}

// --- internal ---

/** A route for the files of one map, and one for each index of its folders. `when` leaves what is no file to the routes behind. */
function fileRoutes(map: StaticMap, instance: Instance, directory: string, context: ReadContext): readonly Plain[] {
  const { prefix, whole } = map;
  const root = resolve(directory, map.target);
  const shown = escapeTemplate(root);
  const more = added(prefix, instance);
  // The last word on a path counts, as uWSGI goes through them from the last to the first.
  const expiry = instance.staticExpiries.findLast(({ prefix: start }) => `${prefix}/`.startsWith(start));
  const kept = expiry === undefined ? {} : { expires: `${expiry.seconds}s` };
  if (prefix !== "" && !whole && isFile(prefix, root, context))
    return [{ exact: prefix, when: { file: shown }, ...more, static: { file: shown, ...kept } }];
  const rest = whole ? `(${escapePattern(prefix)}.*?)` : `${escapePattern(prefix)}/*(.*?)`;
  const options = { root, ...(instance.staticGzip ? {} : { precompressed: false }), ...kept };
  const file = { file: whole ? `${shown}{1}` : `${shown}/{1}` };
  return [
    { regex: `^${rest}$`, when: file, ...more, static: { ...file, ...options } },
    ...instance.staticIndexes.map((index) => {
      const found = { file: `${file.file}/${escapeTemplate(index)}` };
      return { regex: `^${rest}/?$`, when: found, ...more, static: { ...found, ...options } };
    }),
  ];
}

/** Whether a map is of one file: what is there decides, else the look of the two names. */
function isFile(prefix: string, target: string, context: ReadContext): boolean {
  if (context.isFile(target)) return true;
  return !context.isDirectory(target) && extname(prefix) !== "" && extname(prefix) === extname(target);
}

function mountRoutes(instance: Instance, apps: UwsgiApps): readonly Plain[] {
  return apps.mounts
    .filter(({ point }) => point !== "/" && point !== "")
    .sort((a, b) => b.point.length - a.point.length)
    .map(({ point, app }) => ({
      path: urlPath(point),
      app,
      ...(instance.manageScriptName ? { mount: urlPath(point) } : {}),
      ...added(point, instance),
    }));
}

/** Paths of `addheader:` rules that no mount stands for. */
function headerRoutes(instance: Instance, apps: UwsgiApps, mounted: readonly Plain[]): readonly Plain[] {
  const paths = new Set(instance.headers.map(({ pattern }) => pattern.slice(1)));
  return [...paths]
    .filter((path) => path !== "" && !mounted.some((route) => route["path"] === path))
    .map((path) => ({ prefix: urlPath(path), ...added(path, instance), ...appAt(path, apps, instance) }));
}

function added(path: string, instance: Instance): Plain {
  const rules = instance.headers.filter(({ pattern }) => `${path}/`.startsWith(pattern.slice(1)));
  if (rules.length === 0) return {};
  return {
    response_headers: { add: Object.fromEntries(rules.map(({ header, value }) => [header, escapeTemplate(value)])) },
  };
}

function appAt(path: string, apps: UwsgiApps, instance: Instance): Plain {
  const mount = apps.mounts.find(({ point }) => point !== "/" && `${path}/`.startsWith(`${urlPath(point)}/`));
  if (mount === undefined) return answerOf(apps.main);
  return { app: mount.app, ...(instance.manageScriptName ? { mount: urlPath(mount.point) } : {}) };
}

/** uWSGI answers 500 where it has no app. */
function answerOf(app: string | null): Plain {
  return app === null ? { fail: 500 } : { app };
}

function urlPath(written: string): string {
  return written.startsWith("/") ? written : `/${written}`;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Braces of a configuration are braces, not variables of a request. */
function escapeTemplate(text: string): string {
  return text.replace(/\{(\w+)\}/g, "{{$1}}");
}
