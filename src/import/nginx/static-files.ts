import path from "node:path";
import type { Plain } from "../tree.ts";
import { expiresOfFiles } from "./expires.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { compact, sectionOf } from "./values.ts";

/** Where a level's files are. */
export interface Folder {
  readonly root: string;
  /** What is taken off the front of the path; empty with `root`. */
  readonly strip: string;
  /** One file for every path, with captures in it: `alias` in a regex location, or of a file. */
  readonly file: string | null;
}

/** The `root` or `alias` in effect at a level. */
export function folderAt(scope: Scope, t: Translation): Folder {
  const level = levelOf(scope);
  const alias = level?.own("alias").at(-1);
  if (level !== null && alias !== undefined) return aliasFolder(alias, level, scope, t);
  const root = level?.own("root").at(-1) ?? null;
  if (root === null) return { root: t.path(null, "html"), strip: "", file: null };
  t.ledger.claim(root);
  if (
    scope.kind === "location" &&
    level === scope &&
    !isRegex(scope) &&
    !isExact(scope) &&
    /^\/[^/]/.test(pathOf(scope))
  )
    t.ledger.claim(
      root,
      "mapped",
      `the location's path stays: ${pathOf(scope)}... is looked up under ${trim(firstOf(root))}${pathOf(scope)}`,
    );
  const written = t.template(root, firstOf(root));
  return { root: trim(t.path(root, written)) || "/", strip: "", file: null };
}

/** The `root` in effect at a level as a template; null with an alias. */
export function rootAt(scope: Scope, t: Translation): string | null {
  const folder = t.withRoot(
    () => null,
    () => folderAt(scope, t),
  );
  return folder.strip === "" && folder.file === null ? folder.root : null;
}

/** The `static` section of a level without a handler of its own. */
export function staticSection(scope: Scope, t: Translation, folder: Folder): Plain {
  const isOwnPath = folder.strip !== "" && folder.strip === pathOf(scope) && !isExact(scope);
  const index = indexOf(scope, t);
  const types = ownTypes(scope, t);
  return compact({
    root: folder.file === null ? folder.root : undefined,
    strip: folder.file !== null || isOwnPath || !hasPrefix(scope) ? undefined : false,
    file: folder.file ?? undefined,
    index,
    index_goto: folder.file === null || undefined,
    ...autoindex(scope, t),
    expires: expiresOfFiles(scope, t),
    types,
    default_type: defaultType(scope, t),
    charset: charset(scope, t),
    etag: scope.isOn("etag", true) ? undefined : false,
    dotfiles: true,
    symlinks: symlinks(scope, t) || undefined,
    precompressed: precompressed(scope, t),
  });
}

/** A location's path or pattern. */
export function pathOf(scope: Scope): string {
  return scope.directive?.name === "location"
    ? (scope.directive.args.at(-1)?.text ?? "").replace(/^(?:\^~|~\*?|=)(?=\S)/, "")
    : "";
}

export function isRegex(scope: Scope): boolean {
  return scope.directive?.name === "location" && /^~/.test(firstOf(scope.directive));
}

// --- internal ---

function isExact(scope: Scope): boolean {
  return scope.directive?.name === "location" && firstOf(scope.directive).startsWith("=");
}

/** Whether the route has `prefix`, whose path `static` removes by itself. */
function hasPrefix(scope: Scope): boolean {
  return scope.kind === "location" && !isRegex(scope) && !isExact(scope) && !pathOf(scope).startsWith("@");
}

function levelOf(scope: Scope): Scope | null {
  if (scope.own("alias").length > 0 || scope.own("root").length > 0) return scope;
  return scope.parent === null ? null : levelOf(scope.parent);
}

function aliasFolder(alias: Directive, level: Scope, scope: Scope, t: Translation): Folder {
  t.ledger.claim(alias);
  const written = firstOf(alias);
  const target = t.path(alias, t.template(alias, written));
  const from = pathOf(level);
  if (isRegex(level)) {
    const fixed = /^[^{]*/.exec(target)![0];
    t.ledger.claim(alias, "mapped", "in a regex location it is the whole path of the file");
    return { root: path.dirname(`${fixed}x`), strip: "", file: target };
  }
  const isFile = !from.endsWith("/") && !written.endsWith("/") && (isExact(level) || /\.\w+$/.test(written));
  if (isFile && level === scope) return { root: path.dirname(target), strip: "", file: target };
  // `/static/` at `/srv/static/` is the same as `root /srv`.
  const asRoot =
    from.endsWith("/") === target.endsWith("/") && target.endsWith(from) ? target.slice(0, -from.length) : null;
  if (level !== scope && pathOf(scope) !== from) {
    if (asRoot !== null) return { root: asRoot || "/", strip: "", file: null };
    if (hasPrefix(scope) && pathOf(scope).startsWith(from))
      return { root: path.join(target, pathOf(scope).slice(from.length)), strip: pathOf(scope), file: null };
    t.ledger.claim(
      alias,
      "needs-a-decision",
      `${pathOf(scope)} inside of ${from} can't take its alias: give it a root or an alias of its own`,
    );
  }
  if (from.endsWith("/") && !written.endsWith("/"))
    t.ledger.claim(
      alias,
      "approximated",
      `without a slash at its end NGINX looks for ${from}x at ${written}x; here it is ${written}/x, which must be what is meant`,
    );
  else if (!from.endsWith("/") && written.endsWith("/"))
    t.ledger.claim(
      alias,
      "mapped",
      `NGINX lets ${from}../ lead out of the folder, as the location has no slash at its end; that is refused here`,
    );
  return { root: trim(target) || "/", strip: from, file: null };
}

function indexOf(scope: Scope, t: Translation): string[] | undefined {
  const found = scope.nearest("index");
  t.ledger.claimAll(found);
  const names = found.flatMap((directive) => textsOf(directive).map((name) => t.template(directive, name)));
  return names.length === 0 || (names.length === 1 && names[0] === "index.html") ? undefined : names;
}

function autoindex(scope: Scope, t: Translation): Plain {
  for (const name of ["autoindex", "autoindex_format", "autoindex_exact_size", "autoindex_localtime"])
    t.ledger.claimAll(scope.nearest(name));
  const fancy = scope.directives.filter((one) => /^fancyindex(?:_|$)/.test(one.name));
  t.ledger.claimAll(fancy, "approximated", "listings have one form, that of autoindex");
  if (!scope.isOn(scope.one("fancyindex") === null ? "autoindex" : "fancyindex", false)) return {};
  const format = scope.value("autoindex_format") ?? "html";
  return compact({
    autoindex: format,
    exact_sizes: scope.isOn("autoindex_exact_size", true) ? undefined : false,
    local_times: scope.isOn("autoindex_localtime", false) || undefined,
  });
}

function ownTypes(scope: Scope, t: Translation): Plain | undefined {
  const types: Record<string, string> = {};
  for (const directive of scope.nearest("types")) {
    t.ledger.claim(directive);
    // The distribution's own list comes to what is known here anyway.
    if (directive.place.file.endsWith("mime.types")) {
      t.ledger.claim(directive, "approximated", MEDIA_TYPES);
      continue;
    }
    for (const entry of directive.block ?? [])
      for (const word of entry.args) types[word.text.toLowerCase()] = entry.name;
    if ((directive.block ?? []).length === 0)
      t.ledger.claim(directive, "approximated", "files whose extension Propylon knows keep their type");
  }
  return sectionOf(types);
}

const MEDIA_TYPES =
  "Propylon has media types of its own, which know more extensions and name JavaScript text/javascript";

function defaultType(scope: Scope, t: Translation): string | undefined {
  const directive = scope.one("default_type");
  if (directive === null) return t.isWhole ? "text/plain" : undefined;
  t.ledger.claim(directive);
  const type = firstOf(directive);
  if (/^[\w.+-]+\/[\w.+-]+$/.test(type)) return type === "application/octet-stream" ? undefined : type;
  t.ledger.claim(directive, "approximated", "not a media type; application/octet-stream is sent");
  return undefined;
}

function charset(scope: Scope, t: Translation): string | undefined {
  const directive = scope.one("charset");
  if (directive === null) return "";
  t.ledger.claim(directive);
  const value = firstOf(directive);
  if (value !== "off")
    t.ledger.claimAll([directive, ...scope.nearest("charset_types")], "approximated", "files of all text types get it");
  if (value.includes("$"))
    t.ledger.claim(directive, "approximated", "a fixed charset alone can be given; utf-8 is sent");
  return value === "off" ? "" : value.toLowerCase() === "utf-8" || value.includes("$") ? undefined : value;
}

function symlinks(scope: Scope, t: Translation): boolean {
  const directive = scope.one("disable_symlinks");
  if (directive === null) return true;
  t.ledger.claim(directive);
  if (firstOf(directive) === "off") return true;
  t.ledger.claim(directive, "approximated", "links that lead out of the folder are refused, others are followed");
  return false;
}

function precompressed(scope: Scope, t: Translation): boolean | undefined {
  const directive = scope.one("gzip_static");
  if (directive === null) return false;
  t.ledger.claim(directive);
  if (firstOf(directive) === "always")
    t.ledger.claim(directive, "approximated", "the compressed file is sent only to clients that take it");
  if (firstOf(directive) !== "off")
    t.ledger.claim(directive, "mapped", "FILE.br and FILE.zst are sent too where they exist");
  return firstOf(directive) === "off" ? false : undefined;
}

function trim(folder: string): string {
  return folder.replace(/\/+$/, "");
}
