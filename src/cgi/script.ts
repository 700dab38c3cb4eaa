import fs from "node:fs/promises";
import path from "node:path";
import type { CgiConfig } from "../config/route-model.ts";

/** What is run for a request, and how its path is shared out (RFC 3875 §4.1.5, §4.1.13). */
export interface Script {
  /** Absolute path of the file. */
  readonly file: string;
  /** Command in front of the file; empty: the file itself is run. */
  readonly helper: readonly string[];
  /** SCRIPT_NAME and PATH_INFO, decoded, latin-1. */
  readonly name: string;
  readonly info: string;
}

/** Why there is nothing to run. */
export interface NoScript {
  readonly status: 403 | 404;
  readonly reason: string;
}

/** Names that are looked up for one request, at most. */
const DEEPEST = 32;

type Place = Pick<CgiConfig, "root" | "script" | "prefix" | "helpers" | "index">;

/**
 * Finds the script for a path (decoded once, latin-1): the first file on the way down from the root. It has to lie under the root
 * also when links are followed, so that none leads to a program elsewhere; a file that can't be run is never shown.
 */
export async function findScript(place: Place, requested: string): Promise<Script | NoScript> {
  const { prefix, script } = place;
  const inside = requested === prefix || requested.startsWith(`${prefix}/`);
  if (!inside || requested.includes("\0") || requested.includes("\\")) return NONE;
  const rest = requested.slice(prefix.length);
  if (script !== null) return runnable(place, script, prefix, rest);
  return walk(
    place,
    place.root!,
    rest.split("/").filter((segment, index) => index > 0 || segment !== ""),
  );
}

// --- internal ---

const NONE: NoScript = { status: 404, reason: "There is no such script" };

async function walk(place: Place, root: string, segments: readonly string[]): Promise<Script | NoScript> {
  let file = root;
  let name = place.prefix;
  for (const [index, segment] of segments.entries()) {
    if (index >= DEEPEST || segment === "." || segment === ".." || segment.startsWith(".")) return NONE;
    if (segment === "" && index < segments.length - 1) return NONE;
    if (segment === "") break;
    file = path.join(file, Buffer.from(segment, "latin1").toString());
    name += `/${segment}`;
    const kind = await kindOf(file);
    if (kind === "none") return NONE;
    if (kind === "folder") continue;
    const more = segments.slice(index + 1);
    const info = more.length === 0 ? "" : `/${more.join("/")}`;
    return isUnder(root, file).then((under) => (under ? runnable(place, file, name, info) : NONE));
  }
  for (const entry of place.index) {
    const candidate = path.join(file, entry);
    if ((await kindOf(candidate)) === "file" && (await isUnder(root, candidate)))
      return runnable(place, candidate, `${name}/${entry}`, "");
  }
  return { status: 403, reason: "A folder is no script" };
}

async function runnable(place: Place, file: string, name: string, info: string): Promise<Script | NoScript> {
  const helper = place.helpers.find(([ending]) => file.endsWith(ending))?.[1] ?? [];
  try {
    await fs.access(file, helper.length > 0 ? fs.constants.R_OK : fs.constants.X_OK);
  } catch {
    return { status: 403, reason: `${file} can't be run: it is not executable for us` };
  }
  return { file, helper, name, info };
}

async function kindOf(file: string): Promise<"file" | "folder" | "none"> {
  try {
    const stat = await fs.stat(file);
    return stat.isFile() ? "file" : stat.isDirectory() ? "folder" : "none";
  } catch {
    return "none";
  }
}

async function isUnder(root: string, file: string): Promise<boolean> {
  try {
    const [real, folder] = await Promise.all([fs.realpath(file), fs.realpath(root)]);
    return real.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
  } catch {
    return false;
  }
}
