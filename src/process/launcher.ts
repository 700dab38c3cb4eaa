import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Where the Python side of the project is. */
export const PYTHON_FOLDER: string = fileURLToPath(new URL("../../python", import.meta.url));

/**
 * The interpreter that launches what is no app: the system's own where there is one, since a version manager's shim on PATH costs more
 * than the launcher itself; else the first on our PATH. Absolute, since the PATH of what is launched may be another.
 */
export function launcherPython(searched: string | undefined = process.env["PATH"]): string {
  const folders = ["/usr/bin", "/usr/local/bin", ...(searched ?? "").split(path.delimiter)];
  const files = folders.filter((folder) => path.isAbsolute(folder)).map((folder) => path.join(folder, "python3"));
  return files.find(isExecutable) ?? "python3";
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How a command is to be started; null: as we are. */
export interface LaunchSettings {
  readonly user: string | null;
  readonly group: string | null;
  readonly umask: number | null;
  readonly directory: string;
  /** Bytes; files: a count. */
  readonly limits: {
    readonly files: number | null;
    readonly memory: number | null;
    readonly core: number | null;
    readonly processes?: number | null;
  };
  /** What the user must be able to read (a file) or enter (a folder); the first that it can't is told, with the remedy. */
  readonly readable: readonly string[];
  /** Paths of named pipes to be made for stdout (`1`) and stderr (`2`); `2` can be `1`: the same pipe. */
  readonly output?: Readonly<Record<string, string>>;
  /** Variables of the environment that stand even where the user's own HOME, USER or LOGNAME would be set. */
  readonly keep?: readonly string[];
  /** Descriptor 3 tells of the pipes and of the command's start, and ends then. */
  readonly announce?: boolean;
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
    output: settings.output,
    keep: settings.keep,
    announce: settings.announce,
  });
  return [python, "-I", "-S", `${PYTHON_FOLDER}/propylon_launcher.py`, json, ...command];
}
