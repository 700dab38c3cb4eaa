import type { PropylonError } from "../base/errors.ts";
import { type Disk, realDisk } from "../config/disk.ts";
import type { LoadOptions } from "../config/load.ts";
import type { Imported } from "../import/import.ts";
import { shiftPorts } from "../import/port-offset.ts";
import { changeMaps, type Plain } from "../import/tree.ts";

/** What `loadConfig` needs to serve an import: the same as its propylon.yaml would give. */
export function foreignOptions(
  imported: Imported,
  portOffset: number,
): Pick<LoadOptions, "file" | "document" | "source" | "disk"> {
  const document = portOffset === 0 ? imported.settings : shiftPorts(imported.settings, portOffset);
  return { file: null, document, source: "imported settings", disk: lenientDisk(document) };
}

/** A warning for each directive that needs a decision, since `run` goes on without one. */
export function undecided({ directives }: Imported): readonly Pick<PropylonError, "message" | "place">[] {
  return directives
    .filter(({ verdict }) => verdict === "needs-a-decision")
    .map(({ place, name, note }) => ({ place, message: `${name} is not in effect${note === "" ? "" : `: ${note}`}` }));
}

// --- internal ---

/** NGINX starts with a root that is not there, and answers 404; so do we, with what was its configuration. */
function lenientDisk(document: Plain): Disk {
  const roots = new Set<string>();
  changeMaps(document, (map) => {
    if (typeof map["root"] === "string") roots.add(map["root"]);
    if (typeof map["static"] === "string") roots.add(map["static"]);
    return map;
  });
  return { ...realDisk, isDirectory: (path) => roots.has(path) || realDisk.isDirectory(path) };
}
