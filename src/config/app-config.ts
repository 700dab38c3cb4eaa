import { basename, resolve } from "node:path";
import { DEFAULT_ADDRESS } from "./resolve.ts";

/** Module names that say nothing about what the app is. */
const COMMON = new Set(["app", "application", "asgi", "index", "main", "manage", "run", "server", "web", "wsgi"]);

/**
 * The configuration behind `propylon app:app`, for `loadConfig({ file: null, document })`: one app that answers everything,
 * on 127.0.0.1:8000, or on every network at `PORT` when that is set, as platforms do for containers.
 *
 * @param target `module:attribute`, `module:factory()` or the path of a `.wsgi` or `.py` script
 */
export function configForApp(
  target: string,
  options: {
    readonly directory: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly factory?: boolean;
  },
): Record<string, unknown> {
  const port = options.environment["PORT"];
  const listener = port === undefined || port === "" ? DEFAULT_ADDRESS : `0.0.0.0:${port}`;
  const load = isScript(target) ? scriptOf(target) : { wsgi: target, directory: options.directory };
  const app = { ...load, ...(options.factory === undefined ? {} : { factory: options.factory }) };
  return { listeners: [listener], apps: { [appName(target, options.directory)]: app } };
}

/** What an app started without a configuration is called: its module, or its folder when the module is called `app` or so. */
export function appName(target: string, directory: string): string {
  const module = isScript(target)
    ? basename(target.split(":")[0]!).replace(/\.\w+$/, "")
    : target.split(":")[0]!.split(".")[0]!;
  const candidates = COMMON.has(module.toLowerCase())
    ? [basename(resolve(directory)), module]
    : [module, basename(resolve(directory))];
  return candidates.map(clean).find((name) => name !== "") ?? "app";
}

/** `shop.wsgi:application` is Django's module; a script of that name is written `./shop.wsgi:application`. */
function isScript(target: string): boolean {
  return /\.wsgi$|\.py(:\w+)?$/.test(target) || target.includes("/");
}

function scriptOf(target: string): { readonly script: string; readonly callable?: string } {
  const match = /^(.+):(\w+)$/.exec(target);
  return match === null ? { script: target } : { script: match[1]!, callable: match[2]! };
}

function clean(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .slice(0, 48);
}
