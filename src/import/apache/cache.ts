import { formatSize } from "../../base/units.ts";
import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { ApacheNode } from "./parse.ts";

/** What `Cache*` directives of a level say. */
export interface CacheDraft {
  /** null: nothing. */
  enabled: boolean | null;
  readonly settings: Plain;
}

export function newCache(): CacheDraft {
  return { enabled: null, settings: {} };
}

/** Takes in a directive of mod_cache and its stores; null: it is none. */
export function readCache(node: ApacheNode, draft: CacheDraft): Outcome | null {
  const [first = "", second] = node.args;
  const on = /^on$/i.test(first);
  switch (node.key) {
    case "cacheenable":
      if (second !== undefined && second !== "/")
        return undecided(`one path of several is cached: write cache at the route of ${second}`);
      draft.enabled = true;
      return approximated("answers of apps and proxied servers are kept, in memory; files have a memory of their own");
    case "cachedisable":
      if (first !== "on" && first !== "/") return undecided(`write cache: false at the route of ${first}`);
      draft.enabled = false;
      return mapped();
    case "cacheignorecachecontrol":
      draft.settings["request_directives"] = !on;
      return mapped();
    case "cacheignoreheaders":
      if (node.args.some((name) => /^set-cookie$/i.test(name))) draft.settings["ignore"] = "set-cookie";
      return approximated("Set-Cookie alone is left out of what is kept");
    case "cachemaxfilesize": {
      const size = Number(first);
      if (!(size > 0)) return undecided(`"${first}" is no number of bytes`);
      draft.settings["max_entry"] = formatSize(size);
      return mapped();
    }
    case "cachelock":
      draft.settings["wait"] = on ? "5s" : 0;
      return mapped();
    case "cachestaleonerror":
      draft.settings["stale_if_error"] = on ? "52w" : 0;
      return mapped();
    case "cachedefaultexpire":
    case "cachemaxexpire":
    case "cacheminexpire":
    case "cachelastmodifiedfactor":
      return approximated("what says nothing of its freshness is kept for a tenth of the time since Last-Modified");
    case "cachequickhandler":
      return approximated("routes, access and header rules hold for what is kept too");
    case "cachestoreprivate":
    case "cachestorenostore":
    case "cacheignorequerystring":
    case "cachestoreexpired":
    case "cacheignorenolastmod":
      return on ? approximated("what is kept is decided by RFC 9111") : mapped();
    default:
      return /^cache/.test(node.key) ? ignored("how Apache keeps its cache; here it is memory") : null;
  }
}

/** The `cache` of a route by the levels around it, the wider ones first; undefined: none. */
export function cacheOf(drafts: readonly CacheDraft[]): Plain | undefined {
  const enabled = drafts.map((draft) => draft.enabled).findLast((one) => one !== null) ?? null;
  if (enabled !== true) return undefined;
  // mod_cache guesses by Last-Modified, and holds requests back only with CacheLock.
  return { heuristics: true, wait: 0, ...(Object.assign({}, ...drafts.map((draft) => draft.settings)) as Plain) };
}
