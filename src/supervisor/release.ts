import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import type { AppConfig } from "../config/model.ts";

/**
 * The app with the links in its paths followed (`current -> releases/42`): all workers of a generation run the same release, those too
 * that are started again after the link has been switched; the next reload follows it anew.
 */
export function followLinks(app: AppConfig): AppConfig {
  return {
    ...app,
    directory: realPath(app.directory),
    pythonpath: app.pythonpath.map(realPath),
    load: app.load.kind === "script" ? { ...app.load, path: followFolder(app.load.path) } : app.load,
  };
}

/** Those of its folder alone: where it is called tells an interpreter its virtual environment, and a script its modules. */
export function followFolder(file: string): string {
  return isAbsolute(file) ? join(realPath(dirname(file)), basename(file)) : file;
}

/** What can't be followed is named by whoever opens it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
