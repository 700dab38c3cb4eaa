import type { ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import type { OptionsDraft } from "./options.ts";
import { escaped } from "./pattern.ts";
import type { Scope, ScriptAlias } from "./scope.ts";
import { isUnder } from "./sections.ts";

/** Folders below one are looked through for scripts to this depth. */
const DEPTH = 4;

/** Files that a handler runs, by the URL at which each is asked for. */
export interface HandledFile {
  readonly url: string;
  readonly file: string;
  readonly handler: "wsgi-script" | "cgi-script";
  /** Options ExecCGI stands there; else Apache refuses it. */
  readonly runs: boolean;
}

/**
 * The WSGI scripts of a server, one for each file: a folder that WSGIScriptAlias names stands for all files in it, and a target
 * with `$1` for those whose names fit.
 */
export function scriptsOf(scope: Scope, machine: ReadContext): readonly ScriptAlias[] {
  return scope.scripts.flatMap((script): readonly ScriptAlias[] => {
    const folder = script.target.replace(/(.)\/+$/, "$1");
    if ("path" in script.match) {
      if (!machine.isDirectory(folder)) return [script];
      const { path } = script.match;
      const base = path.replace(/\/+$/, "");
      const callable = script.callable ?? "application";
      return filesBelow(folder, machine)
        .filter((file) => isScript(file, callable, machine))
        .map((file) => ({ ...script, target: file, match: { path: `${base}${file.slice(folder.length)}` } }));
    }
    const { regex } = script.match;
    if (!/\{\d\}/.test(script.target)) return [script];
    return machine.glob(script.target.replace(/\{\d\}/g, "*")).flatMap((file) => {
      const url = urlOf(regex, script.target, file);
      return url === null || !machine.isFile(file) ? [] : [{ ...script, target: file, match: { path: url } }];
    });
  });
}

/** What AddHandler and SetHandler make of the files below a folder that is served at a URL. */
export function handledFiles(
  scope: Scope,
  server: OptionsDraft,
  machine: ReadContext,
  at: { readonly url: string; readonly folder: string },
): readonly HandledFile[] {
  const wide = scope.options === server ? [server] : [server, scope.options];
  const sections = [...wide, ...[...scope.directories, ...scope.files].map(({ options }) => options)];
  if (!sections.some(({ handlers }) => handlers.size > 0)) return [];
  const folder = at.folder.replace(/(.)\/+$/, "$1");
  return filesBelow(folder, machine).flatMap((file) => {
    const found = handlerOf(file, scope, wide);
    const path = `${at.url.replace(/\/+$/, "")}${file.slice(folder.length)}`;
    return found === null ? [] : [{ url: path, file, ...found }];
  });
}

/** Conditions for files below a folder that no client may read, because a handler would run them. */
export function handledEndings(
  scope: Scope,
  server: OptionsDraft,
  at: { readonly url: string; readonly folder: string },
): readonly Plain[] {
  const folder = at.folder.replace(/\/+$/, "");
  const said = [
    ...[server, scope.options].map((options) => ({ options, within: "" })),
    ...scope.directories.flatMap(({ path, covers, options }) =>
      covers(at.folder)
        ? [{ options, within: "" }]
        : path !== null && isUnder(path, folder)
          ? [{ options, within: path.slice(folder.length) }]
          : [],
    ),
  ];
  const found = said.flatMap(({ options, within }) =>
    [...options.handlers.keys()]
      .filter((ending) => ending !== "")
      .map((ending): Plain => {
        const base = within === "" ? "" : `^${escaped(`${at.url.replace(/\/+$/, "")}${within}/`)}.*`;
        return { value: "{uri}", matches: `${base}${escaped(ending)}(?:/|$)` };
      }),
  );
  return [...new Map(found.map((each) => [String(each["matches"]), each])).values()];
}

// --- internal ---

/** Whether a file looks as if it could be run: what lies beside scripts is no app. */
function isScript(file: string, callable: string, machine: ReadContext): boolean {
  return /\/[^/.]*(?:\.(?:wsgi|py))?$/.test(file) && new RegExp(`\\b${callable}\\b`).test(machine.readFile(file) ?? "");
}

function filesBelow(folder: string, machine: ReadContext): readonly string[] {
  const found: string[] = [];
  for (let depth = 0; depth < DEPTH; depth++)
    found.push(...machine.glob(`${folder}${"/*".repeat(depth)}/*`).filter((file) => machine.isFile(file)));
  return found.filter((file) => !/\/\.|\.pyc$|\/__pycache__\//.test(file.slice(folder.length)));
}

function handlerOf(
  file: string,
  scope: Scope,
  wide: readonly OptionsDraft[],
): Pick<HandledFile, "handler" | "runs"> | null {
  const name = file.split("/").at(-1)!;
  const ending = /\.[^.]*$/.exec(name)?.[0] ?? "";
  const folders = scope.directories
    .filter(({ covers }) => covers(file))
    .sort((a, b) => (a.path?.length ?? 0) - (b.path?.length ?? 0));
  const named = scope.files.filter(
    (each) =>
      (each.directory === null || isUnder(file, each.directory)) &&
      new RegExp(each.name, each.ignoreCase ? "i" : "").test(name),
  );
  const drafts = [...wide, ...folders.map(({ options }) => options), ...named.map(({ options }) => options)];
  const handler = drafts
    .map(({ handlers }) => handlers.get("") ?? handlers.get(ending))
    .findLast((one) => one !== undefined);
  if (handler === undefined || handler === "none") return null;
  return { handler, runs: drafts.map(({ execCgi }) => execCgi).findLast((flag) => flag !== null) === true };
}

/** The path for which a pattern leads to just this file; null: it can't be told. */
function urlOf(regex: string, target: string, file: string): string | null {
  const groups: string[] = [];
  const shape = escaped(target).replace(/\\\{(\d)\\\}/g, (_whole, number: string) => {
    groups.push(number);
    return "([^/]+)";
  });
  const values = new RegExp(`^${shape}$`).exec(file)?.slice(1);
  if (values === undefined) return null;
  let number = 0;
  const filled = regex.replace(/\((?!\?)[^()]*\)/g, () => {
    number++;
    return values[groups.indexOf(String(number))] ?? "";
  });
  const path = filled.replace(/^\^/, "").replace(/\$$/, "").replace(/\\(.)/g, "$1");
  return path.startsWith("/") && !/[*+?()[\]{}|^$]/.test(path) ? path : null;
}
