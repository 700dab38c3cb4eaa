import { dirname, join, resolve } from "node:path";
import type { RouteContext } from "./route-context.ts";
import type { StaticConfig } from "./route-model.ts";
import type { Path } from "./sourced.ts";
import type { StaticSettings } from "./static-schema.ts";
import { leadingText, plainText } from "./template.ts";
import { checkTemplate } from "./template-check.ts";

/**
 * Files of a folder, or one file.
 *
 * @param around the folder of what stands around this, for a section that names none; null: it has to
 */
export function resolveStatic(
  settings: StaticSettings,
  at: Path,
  context: RouteContext,
  around: string | null = null,
): StaticConfig {
  const { problems } = context;
  const file = settings.file === undefined ? null : resolveTemplatePath(settings.file, [...at, "file"], context);
  const strip = settings.strip ?? (context.own !== null && context.own.kind !== "exact");
  if (strip && context.own === null && settings.strip !== undefined)
    problems.error([...at, "strip"], "a route without a fixed path has nothing to remove", {
      remedy: "use path or prefix in place of regex",
    });
  const fallback = settings.fallback?.replace(/^(?:\.?\/)+/, "") ?? null;
  if (fallback?.split("/").includes("..") === true)
    problems.error([...at, "fallback"], `"${fallback}" leads out of the folder`);
  for (const [index, name] of (settings.index ?? []).entries()) {
    checkTemplate(name, [...at, "index", index], context);
    if (name.split("/").includes("..")) problems.error([...at, "index", index], `"${name}" leads out of the folder`);
  }
  const own = context.own?.path ?? "";
  return {
    kind: "static",
    root: resolveRoot(settings, file, at, context, around),
    strip: strip && own !== "/" ? own : "",
    file,
    index: settings.index ?? ["index.html"],
    indexGoto: settings.index_goto,
    autoindex: settings.autoindex === true ? "html" : settings.autoindex === false ? "off" : settings.autoindex,
    exactSizes: settings.exact_sizes,
    localTimes: settings.local_times,
    fallback,
    expires: settings.expires ?? null,
    types: Object.fromEntries(
      Object.entries(settings.types ?? {}).map(([name, type]) => [name.replace(/^\./, "").toLowerCase(), type]),
    ),
    defaultType: settings.default_type ?? null,
    charset: settings.charset === false ? "" : (settings.charset ?? null),
    etag: settings.etag,
    dotfiles: settings.dotfiles,
    symlinks: settings.symlinks,
    precompressed: settings.precompressed,
  };
}

/** A path that may hold variables, made absolute; one that begins with a variable is left to it. */
export function resolveTemplatePath(written: string, at: Path, context: RouteContext): string {
  checkTemplate(written, at, context);
  const begins = leadingText(written);
  // Beyond its first variable a path is text of the request's making; `resolve` would take `..` and final slashes away.
  return begins === "" && written !== "" ? written : absolute(context.directory, written);
}

/** A folder that may hold variables; one that holds none has to be there. */
export function resolveFolder(written: string, at: Path, context: RouteContext): string {
  checkTemplate(written, at, context);
  const text = plainText(written);
  if (text === null) return resolveTemplatePath(written, at, context);
  const root = resolve(context.directory, written);
  if (!context.disk.isDirectory(resolve(context.directory, text)))
    context.problems.error(at, `there is no folder ${resolve(context.directory, text)}`);
  return root;
}

function absolute(directory: string, written: string): string {
  return written.startsWith("/") ? written : join(directory, written);
}

function resolveRoot(
  settings: StaticSettings,
  file: string | null,
  at: Path,
  context: RouteContext,
  around: string | null,
): string {
  if (settings.root !== undefined) return resolveFolder(settings.root, [...at, "root"], context);
  if (around !== null) return around;
  // What a capture makes of the path must not lead out of the folder that is written before it.
  if (file !== null) return folderOf(file);
  context.problems.error([...at, "root"], "missing: expected a path");
  return context.directory;
}

function folderOf(file: string): string {
  const begins = leadingText(file);
  return begins === file ? dirname(file) : begins.slice(0, Math.max(1, begins.lastIndexOf("/")));
}
