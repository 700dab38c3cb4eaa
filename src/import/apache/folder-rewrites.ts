import type { Ledger } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { rewritesOf } from "./rewrite.ts";
import type { RewriteMaps } from "./rewrite-map.ts";
import type { AreaOptions, Scope } from "./scope.ts";

/**
 * The rules of the innermost folder that has any (mod_rewrite takes no others), for a route of files: `url` and `file` say where
 * it stands. None where no URL of the route is that of the folder.
 */
export function folderRules(
  areas: readonly AreaOptions[],
  scope: Scope,
  at: { readonly url: string; readonly file: string },
  tools: {
    readonly ledger: Ledger;
    readonly maps: RewriteMaps;
    fresh(wanted: string): string;
    isDirectory(path: string): boolean;
  },
): readonly Plain[] {
  const area = areas.findLast(({ options }) => options.rewrite.engine !== null);
  if (area === undefined || area.options.rewrite.engine !== true || area.path === null) return [];
  const url = urlOf(area.path, at);
  if (url === null) return [];
  area.rewritten = true;
  const { base } = area.options.rewrite;
  const { rules } = rewritesOf(area.options.rewrite, {
    names: {
      documentRoot: scope.documentRoot ?? "",
      file: "{request_filename}",
      lookUp: (map, key, otherwise) => tools.maps.lookUp(map, key, otherwise),
    },
    folder: { url, base: base ?? url },
    ledger: tools.ledger,
    fresh: (wanted) => tools.fresh(wanted),
    isDirectory: (path) => tools.isDirectory(path),
    isElsewhere: () => false,
  });
  return rules;
}

// --- internal ---

/** The URL of a folder, with a slash at its end. */
function urlOf(folder: string, { url, file }: { readonly url: string; readonly file: string }): string | null {
  const plain = (path: string): string => path.replace(/\/+$/, "");
  if (`${plain(folder)}/`.startsWith(`${plain(file)}/`))
    return `${plain(url)}${plain(folder).slice(plain(file).length)}/`;
  const rest = plain(file).slice(plain(folder).length);
  return `${plain(file)}/`.startsWith(`${plain(folder)}/`) && plain(url).endsWith(rest)
    ? `${plain(url).slice(0, plain(url).length - rest.length)}/`
    : null;
}
