import type { ReadContext } from "../reading.ts";
import type { AreaOptions, Scope } from "./scope.ts";

/** Folders below one that is served are looked through to this depth. */
const DEPTH = 4;

/** A `.htaccess` file and the folder that it speaks of. */
export interface FolderFile {
  readonly folder: string;
  readonly file: string;
  readonly text: string;
}

/** The files of folders (`AccessFileName`) that Apache would read for what a server serves, the wider folders first. */
export function folderFiles(scope: Scope, server: Scope, machine: ReadContext): readonly FolderFile[] {
  const areas = [...new Set([...server.directories, ...scope.directories])];
  // Nothing is looked for in vain: folders may be large.
  if (!areas.some(({ options }) => options.overrides === true)) return [];
  const aliases = [...scope.aliases, ...server.aliases].map(({ target }) => target.replace(/\{.*$/, ""));
  const root = scope.documentRoot ?? server.documentRoot;
  const roots = [...(root === null ? [] : [root]), ...aliases].map((path) => path.replace(/(.)\/+$/, "$1"));
  const found = new Map<string, FolderFile>();
  for (const folder of new Set(roots))
    for (let depth = 0; depth <= DEPTH; depth++)
      for (const name of server.accessFiles)
        for (const file of machine.glob(`${folder}${"/*".repeat(depth)}/${name}`)) {
          const own = file.slice(0, -name.length - 1);
          if (found.has(file) || !isAllowed(own, areas)) continue;
          const text = machine.readFile(file);
          if (text !== null) found.set(file, { folder: own, file, text });
        }
  return [...found.values()].sort((a, b) => a.folder.length - b.folder.length);
}

// --- internal ---

/** By the innermost section that says so; Apache reads none where nothing is said. */
function isAllowed(folder: string, areas: readonly AreaOptions[]): boolean {
  const told = areas
    .filter(({ covers, options }) => options.overrides !== null && covers(folder))
    .sort((a, b) => (a.path?.length ?? 0) - (b.path?.length ?? 0));
  return told.at(-1)?.options.overrides === true;
}
