import { fileURLToPath } from "node:url";

/** Where the Python side of the project is. */
export const PYTHON_FOLDER: string = fileURLToPath(new URL("../../python", import.meta.url));

/** How a command is to be started; null: as we are. */
export interface LaunchSettings {
  readonly user: string | null;
  readonly group: string | null;
  readonly umask: number | null;
  readonly directory: string;
  /** Bytes; files: a count. */
  readonly limits: { readonly files: number | null; readonly memory: number | null; readonly core: number | null };
  /** What the user must be able to read (a file) or enter (a folder); the first that it can't is told, with the remedy. */
  readonly readable: readonly string[];
}

/**
 * The command line that starts `command` through `python/propylon_launcher.py`, which does what Node can't: supplementary groups,
 * umask, limits, and the signal that ends the process when main dies. `-I -S`: neither the environment nor site-packages get a say.
 */
export function launcherCommand(
  python: string,
  settings: LaunchSettings,
  command: readonly string[],
): readonly [string, ...string[]] {
  const json = JSON.stringify({
    user: settings.user,
    group: settings.group,
    umask: settings.umask,
    directory: settings.directory,
    limits: settings.limits,
    check_readable: settings.readable,
  });
  return [python, "-I", "-S", `${PYTHON_FOLDER}/propylon_launcher.py`, json, ...command];
}
