import { resolve } from "node:path";
import type { CgiSettings } from "./cgi-schema.ts";
import type { RouteContext } from "./route-context.ts";
import type { CgiConfig } from "./route-model.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate } from "./template-check.ts";

/** A `cgi` handler, or null where it can't be told what it runs. */
export function resolveCgi(settings: CgiSettings, at: Path, context: RouteContext): CgiConfig | null {
  const { problems, directory, disk, own } = context;
  const { root, script, helpers, index, environ, timeout, processes } = settings;
  if ((root === undefined) === (script === undefined)) {
    problems.error(at, "cgi has either a root or a script", {
      remedy: "write {root: ./cgi-bin} or {script: ./hello.cgi}",
    });
    return null;
  }
  const target = resolve(directory, root ?? script!);
  if (root !== undefined && !disk.isDirectory(target)) problems.error([...at, "root"], `there is no folder ${target}`);
  if (script !== undefined && !disk.isFile(target)) problems.error([...at, "script"], `there is no file ${target}`);
  if (script !== undefined && index !== undefined)
    problems.error([...at, "index"], "only a root has an index", { at: "key" });
  return {
    kind: "cgi",
    root: root === undefined ? null : target,
    script: script === undefined ? null : target,
    prefix: own === null ? "" : own.path.replace(/\/+$/, ""),
    helpers: Object.entries(helpers ?? {}),
    index: index ?? [],
    environ: Object.fromEntries(
      Object.entries(environ ?? {}).map(([key, value]) => [
        key,
        checkTemplate(value, [...at, "environ", key], context),
      ]),
    ),
    timeout,
    processes,
  };
}
