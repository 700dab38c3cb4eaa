import type { Plain } from "../tree.ts";
import { type Atom, conditionAtom } from "./atoms.ts";
import type { OptionsDraft } from "./options.ts";
import { withoutGroups } from "./pattern.ts";
import type { AreaOptions, FilesOptions, Scope } from "./scope.ts";

/** A section that covers requests of a route: all of them, or those for which `atom` holds. */
export interface Section {
  readonly options: OptionsDraft;
  readonly atom: Atom | null;
}

/** Where a route stands: its URL, and the file or folder behind it. */
export interface Standing {
  readonly kind: "static" | "app" | "proxy";
  readonly url: string;
  readonly file: string | null;
  /** The URL that is proxied to. */
  readonly to: string | null;
}

/** The sections that cover a route or a part of its requests, as Apache merges them: the later ones win. */
export function sectionsFor(scope: Scope, server: OptionsDraft, at: Standing): readonly Section[] {
  const always = (options: OptionsDraft): Section => ({ options, atom: null });
  const plain = scope.directories
    .filter(({ path, covers }) => path !== null && at.file !== null && covers(at.file))
    .sort((a, b) => a.path!.length - b.path!.length);
  const patterns = scope.directories.filter(({ path }) => path === null);
  return [
    always(server),
    ...(scope.options === server ? [] : [always(scope.options)]),
    ...plain.map(({ options }) => always(options)),
    ...patterns.flatMap((area) => directorySection(area, at)),
    ...scope.files.flatMap((files) => filesSection(files, at)),
    ...scope.proxySections.flatMap(({ covers, options }) => (at.to !== null && covers(at.to) ? [always(options)] : [])),
    ...scope.locations.flatMap((area) => locationSection(area, at)),
    ...scope.conditionals
      .filter(({ covers }) => covers(at.file, at.url))
      .map(({ ways, options }) => ({ options, atom: conditionAtom(ways) })),
  ];
}

/** Those that cover all requests of the route. */
export function optionsOf(sections: readonly Section[]): readonly OptionsDraft[] {
  return sections.filter(({ atom }) => atom === null).map(({ options }) => options);
}

/** Whether a URL or file path is `parent` or beneath it, by whole segments. */
export function isUnder(path: string, parent: string): boolean {
  const base = parent.replace(/\/+$/, "");
  return path === base || path === `${base}/` || path.startsWith(`${base}/`);
}

// --- internal ---

/** `<DirectoryMatch>` and `<Directory>` with wildcards: the folders on the way to the file. */
function directorySection(
  { pattern, ignoreCase, covers, options }: AreaOptions,
  { kind, file }: Standing,
): readonly Section[] {
  if (pattern === null || file === null) return [];
  if (kind !== "static") return covers(file) ? [{ options, atom: null }] : [];
  if (covers(`${file}/`) && !pattern.includes("$")) return [{ options, atom: null }];
  const plain = withoutGroups(pattern);
  const within = /(?<!\\)\$$/.test(plain) ? plain.replace(/\$$/, "(?=/[^/]*$)") : `(?:${plain})(?=[^]*/)`;
  const folder = plain.endsWith("(?:/|$)") ? plain : within;
  return [{ options, atom: conditionAtom([[finds("{request_filename}", folder, ignoreCase)]]) }];
}

/** `<Files>`: by the last segment of the path; of an app by its script. */
function filesSection(
  { name, ignoreCase, directory, options }: FilesOptions,
  { kind, file, url }: Standing,
): readonly Section[] {
  if (file === null) return [];
  const inside = directory === null || isUnder(file, directory);
  if (kind === "app")
    return inside && new RegExp(name, ignoreCase ? "i" : "").test(file.split("/").at(-1)!)
      ? [{ options, atom: null }]
      : [];
  if (!inside && !isUnder(directory!, file)) return [];
  const plain = withoutGroups(name);
  const begins =
    /^\^(?!.*\^)/.test(plain) && !plain.includes("|")
      ? `/${plain.slice(1)}`
      : `(?:${plain.replace(/(?<!\\)\^/g, "(?<=/)")})`;
  const matches = /(?<!\\)\$$/.test(plain) && !plain.includes("|") ? begins : `${begins}(?=[^/]*$)`;
  const folder = inside
    ? []
    : [{ value: "{uri}", matches: beneath(url, directory!.slice(file.replace(/\/+$/, "").length)) }];
  return [{ options, atom: conditionAtom([[...folder, finds("{uri}", matches, ignoreCase)]]) }];
}

function finds(value: string, matches: string, ignoreCase: boolean): Plain {
  return { value, matches, ...(ignoreCase ? { ignore_case: true } : {}) };
}

function beneath(url: string, rest: string): string {
  const path = `${url.replace(/\/+$/, "")}${rest}`.replace(/\/+$/, "");
  return `^${path.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}/`;
}

function locationSection(
  { path, pattern, ignoreCase, covers, options }: AreaOptions,
  { url }: Standing,
): readonly Section[] {
  if (path !== null) return covers(url) ? [{ options, atom: null }] : [];
  return pattern === null
    ? []
    : [{ options, atom: conditionAtom([[finds("{uri}", withoutGroups(pattern), ignoreCase)]]) }];
}
