import { didYouMean } from "../base/did-you-mean.ts";
import type {
  HandlerSettings,
  RespondSettings,
  TriedFilesSettings,
  TrySettings,
  TryStepSettings,
} from "./handler-schema.ts";
import { resolveCgi } from "./resolve-cgi.ts";
import { resolveDeadline, resolveShare } from "./resolve-deadline.ts";
import { checkFieldName } from "./resolve-headers.ts";
import { checkLine } from "./resolve-options.ts";
import { resolveProxy } from "./resolve-proxy.ts";
import { resolveFolder, resolveStatic } from "./resolve-static.ts";
import type { RouteContext } from "./route-context.ts";
import type { HandlerConfig, StaticConfig, TryConfig } from "./route-model.ts";
import { checkGoto } from "./route-names.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate } from "./template-check.ts";

/** The keys of which a route or a step has one. */
export const HANDLERS = ["app", "static", "proxy", "cgi", "redirect", "respond", "fail", "goto"] as const;

/** What answers, or null where it can't be told; the caller has seen that there is one of {@link HANDLERS}. */
export function resolveHandler(
  settings: HandlerSettings,
  at: Path,
  context: RouteContext,
  around: string | null = null,
): HandlerConfig | null {
  const { problems } = context;
  if (settings.environ !== undefined && settings.app === undefined)
    problems.error([...at, "environ"], "only an app has an environ", { at: "key" });
  for (const key of ["deadline", "queue"] as const)
    if (settings[key] !== undefined && settings.app === undefined)
      problems.error([...at, key], `only a route to an app has a ${key} of its own`, { at: "key" });
  if (settings.mount !== undefined && settings.app === undefined)
    problems.error([...at, "mount"], "only a route to an app has a mount", { at: "key" });
  if (settings.app !== undefined) return resolveAppHandler(settings, settings.app, at, context);
  if (settings.static !== undefined) return resolveStatic(settings.static, [...at, "static"], context, around);
  if (settings.proxy !== undefined) return resolveProxy(settings.proxy, [...at, "proxy"], context);
  if (settings.cgi !== undefined) return resolveCgi(settings.cgi, [...at, "cgi"], context);
  if (settings.redirect !== undefined) {
    const { to, status } = settings.redirect;
    const where = [...at, "redirect", "to"];
    checkLine(to, where, context);
    return { kind: "redirect", to: checkTemplate(to, where, context), status };
  }
  if (settings.respond !== undefined) return resolveRespond(settings.respond, [...at, "respond"], context);
  if (settings.fail !== undefined) return { kind: "fail", status: settings.fail };
  return settings.goto === undefined ? null : { kind: "goto", to: checkGoto(settings.goto, [...at, "goto"], context) };
}

/** Adds a problem where there is not one handler but none or several. Returns whether there is at least one. */
export function checkHandlers(keys: readonly string[], at: Path, context: RouteContext, remedy: string): boolean {
  if (keys.length > 1)
    context.problems.error([...at, keys[1]!], `a route has one handler, this one has ${keys.join(" and ")}`, {
      at: "key",
      remedy: "make two routes of it",
    });
  if (keys.length === 0) context.problems.error(at, "nothing answers this route", { remedy });
  return keys.length > 0;
}

/** The list of steps, or NGINX's `try_files`. */
export function resolveTry(settings: TrySettings, at: Path, context: RouteContext): TryConfig | null {
  return isSteps(settings) ? resolveSteps(settings, at, context) : resolveTriedFiles(settings, at, context);
}

function isSteps(settings: TrySettings): settings is readonly TryStepSettings[] & TrySettings {
  return Array.isArray(settings);
}

function resolveSteps(settings: readonly TryStepSettings[], at: Path, context: RouteContext): TryConfig | null {
  const { problems } = context;
  if (settings.length === 0) problems.error(at, "an empty list tries nothing", { remedy: "write {static: ./public}" });
  const steps: TryConfig["steps"][number][] = [];
  let files: StaticConfig | null = null;
  let otherwise: HandlerConfig | null = { kind: "fail", status: 404 };
  for (const [index, step] of settings.entries()) {
    const here = [...at, index];
    const isLast = index === settings.length - 1;
    if (!checkStep(step, here, context)) continue;
    if (step.file !== undefined) {
      files = filesOf(step, here, context, steps, files);
      if (files !== null) steps.push(fileStep(checkTemplate(step.file, [...here, "file"], context), files));
      continue;
    }
    const handler = resolveHandler(step, here, context);
    if (isLast) otherwise = handler;
    else if (handler?.kind === "static") steps.push({ kind: "static", static: handler });
    else if (handler !== null)
      problems.error(here, "only the last of try may be something else than files", {
        remedy: "put static and file first; what stands behind this would never be reached",
      });
  }
  return otherwise === null ? null : { kind: "try", steps, found: files ?? { kind: "none" }, otherwise };
}

/** Whether a step says what it tries. */
function checkStep(step: TryStepSettings, at: Path, { problems }: RouteContext): boolean {
  const keys = [...HANDLERS, "file" as const].filter((key) => step[key] !== undefined);
  if (step.root !== undefined && step.file === undefined)
    problems.error([...at, "root"], "only a step with file has a root", { at: "key" });
  if (keys.length === 1) return true;
  if (keys.length === 0)
    problems.error(at, "this step tries nothing", { remedy: `give it one of ${[...HANDLERS, "file"].join(", ")}` });
  else
    problems.error([...at, keys[1]!], `a step tries one thing, this one ${keys.join(" and ")}`, {
      at: "key",
      remedy: "make two steps of it",
    });
  return false;
}

/** What serves the files of `file` steps: the static step before them, or their own root. It is one for all of them. */
function filesOf(
  step: TryStepSettings,
  at: Path,
  context: RouteContext,
  before: TryConfig["steps"],
  files: StaticConfig | null,
): StaticConfig | null {
  const last = before.findLast((one) => one.kind === "static");
  const around = files ?? (last === undefined ? null : { ...last.static, file: null, fallback: null });
  if (step.root === undefined && around === null) {
    context.problems.error([...at, "file"], "there is no folder to look in", {
      remedy: "write root beside file, or a static step before it",
      with: [[...at, "root"]],
    });
    return null;
  }
  if (step.root === undefined) return around;
  const root = resolveFolder(step.root, [...at, "root"], context);
  if (files !== null && files.root !== root)
    context.problems.error([...at, "root"], `the files of one try are in one folder, here ${files.root}`, {
      remedy: "write {static: FOLDER} for another",
    });
  return files ?? { ...resolveStatic(PLAIN_STATIC, at, context, root), strip: "" };
}

function fileStep(path: string, { root, strip }: StaticConfig): TryConfig["steps"][number] {
  return { kind: "file", root, strip, path: /^[/{]/.test(path) ? path : `/${path}` };
}

const PLAIN_STATIC = {
  index_goto: false,
  autoindex: false,
  exact_sizes: true,
  local_times: false,
  etag: true,
  dotfiles: false,
  symlinks: false,
  precompressed: true,
} as const;

function resolveTriedFiles(settings: TriedFilesSettings, at: Path, context: RouteContext): TryConfig | null {
  const root = resolveFolder(settings.root, [...at, "root"], context);
  if (settings.files.length === 0) context.problems.error([...at, "files"], "an empty list tries nothing");
  const steps = settings.files.map((path, index) => ({
    kind: "file" as const,
    root,
    strip: settings.strip,
    path: checkTemplate(path, [...at, "files", index], context),
  }));
  const found =
    settings.found === undefined
      ? { ...resolveStatic(PLAIN_STATIC, at, context, root), strip: settings.strip }
      : resolveAnswer(settings.found, [...at, "found"], context, root);
  const otherwise =
    settings.else === undefined
      ? ({ kind: "fail", status: 404 } as const)
      : resolveAnswer(settings.else, [...at, "else"], context, root);
  return found === null || otherwise === null ? null : { kind: "try", steps, found, otherwise };
}

function resolveAnswer(settings: HandlerSettings, at: Path, context: RouteContext, root: string): HandlerConfig | null {
  const keys = HANDLERS.filter((key) => settings[key] !== undefined);
  if (keys.length === 1) return resolveHandler(settings, at, context, root);
  const said = keys.length === 0 ? "nothing answers" : `one thing answers, not ${keys.join(" and ")}`;
  context.problems.error(keys.length === 0 ? at : [...at, keys[1]!], said, {
    at: "key",
    remedy: `give it one of ${HANDLERS.join(", ")}`,
  });
  return null;
}

function resolveAppHandler(settings: HandlerSettings, name: string, at: Path, context: RouteContext): HandlerConfig {
  if (!context.apps.has(name)) {
    const known = context.apps.size === 0 ? "no app is configured" : `the apps are ${[...context.apps].join(", ")}`;
    context.problems.error([...at, "app"], `there is no app "${name}"`, {
      remedy: didYouMean(name, context.apps) ?? known,
    });
  }
  const environ = Object.fromEntries(
    Object.entries(settings.environ ?? {}).map(([key, value]) => [
      key,
      checkTemplate(value, [...at, "environ", key], context),
    ]),
  );
  if (settings.mount !== undefined) checkMount(settings.mount, at, context);
  const { problems, own, site } = context;
  // Patterns and names are told by their place.
  const route = own?.path ?? at.slice(site.length).join(".");
  return {
    kind: "app",
    app: name,
    mount: trimSlash(settings.mount ?? ""),
    environ,
    deadline: resolveDeadline(settings.deadline, [...at, "deadline"], problems),
    share: settings.queue === undefined ? null : resolveShare(settings.queue, route, [...at, "queue"], problems),
  };
}

function checkMount(mount: string, at: Path, { own, problems }: RouteContext): void {
  const base = trimSlash(mount);
  if (own === null || own.path === "/") {
    if (base !== "")
      problems.error([...at, "mount"], `the route takes every path, so not all begin with "${mount}"`, {
        remedy: `give the route path: ${base}`,
        with: [
          [...at, "path"],
          [...at, "exact"],
        ],
      });
  } else if (trimSlash(own.path) !== base && !own.path.startsWith(`${base}/`)) {
    problems.error([...at, "mount"], `"${mount}" is not the beginning of the route's path "${own.path}"`, {
      remedy: `write mount: ${trimSlash(own.path) || "/"}, or leave it out`,
    });
  }
}

function resolveRespond(settings: RespondSettings, at: Path, context: RouteContext): HandlerConfig {
  const headers = Object.entries(settings.headers ?? {}).flatMap(([name, values]) =>
    values.map((value) => [name, checkTemplate(value, [...at, "headers", name], context)] as const),
  );
  for (const name of Object.keys(settings.headers ?? {})) checkFieldName(name, [...at, "headers", name], context);
  if ((settings.status === 204 || settings.status === 304) && settings.body !== "")
    context.problems.error([...at, "body"], `an answer with status ${settings.status} has no body`);
  return {
    kind: "respond",
    status: settings.status,
    body: checkTemplate(settings.body, [...at, "body"], context),
    headers,
  };
}

function trimSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
