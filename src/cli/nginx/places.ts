import path from "node:path";
import type { ReadContext } from "../../import/reading.ts";
import type { NginxWords } from "./options.ts";

/** Where a run of nginx finds its files, absolute. */
export interface NginxPlaces {
  /** Where `root html` and `logs/...` start. */
  readonly prefix: string;
  readonly configuration: string;
}

const SYSTEM = "/etc/nginx/nginx.conf";
/** Where Debian's package looks for `html`. */
const SYSTEM_PREFIX = "/usr/share/nginx";

/**
 * The prefix and the configuration file: `-c` is looked up under `-p`, else from the current folder; without `-c` it is
 * `conf/nginx.conf` or `nginx.conf` under the prefix, and without both the system's.
 */
export function nginxPlaces(words: NginxWords, machine: ReadContext): NginxPlaces {
  const given = words.prefix === null ? null : path.resolve(machine.directory, words.prefix);
  if (words.configuration !== null) {
    const configuration = path.resolve(given ?? machine.directory, words.configuration);
    return { prefix: given ?? prefixOf(configuration, machine), configuration };
  }
  if (given === null) return { prefix: prefixOf(SYSTEM, machine), configuration: SYSTEM };
  const built = path.join(given, "conf", "nginx.conf");
  return { prefix: given, configuration: machine.isFile(built) ? built : path.join(given, "nginx.conf") };
}

// --- internal ---

function prefixOf(configuration: string, machine: ReadContext): string {
  const folder = path.dirname(configuration);
  return folder === path.dirname(SYSTEM) && machine.isDirectory(SYSTEM_PREFIX) ? SYSTEM_PREFIX : folder;
}
