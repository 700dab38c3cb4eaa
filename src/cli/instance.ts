import fs from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { PropylonError } from "../base/errors.ts";
import { ControlClient } from "../control/client.ts";
import { instances } from "../supervisor/runtime-directory.ts";

/** How the command line finds a running instance. */
export interface InstanceFlags {
  readonly control?: string;
  readonly pidFile?: string;
  readonly directory?: string;
}

export function addInstanceOptions(command: Command): Command {
  return command
    .option("--directory <path>", "the folder that the instance was started in (default: this one)")
    .option("--pid-file <path>", "the pid file that the instance was started with")
    .option("--control <path>", "the instance's control socket");
}

/** A client of the one instance that the flags, or this folder, mean. Throws a PropylonError when there is none, or several. */
export function findInstance(flags: InstanceFlags): ControlClient {
  if (flags.control !== undefined) return new ControlClient(path.resolve(flags.control));
  if (flags.pidFile !== undefined) return byPidFile(flags.pidFile);
  const directory = realPath(path.resolve(flags.directory ?? "."));
  const all = instances(null);
  const here = all.filter((instance) => realPath(instance.directory) === directory);
  if (here.length === 1) return new ControlClient(here[0]!.control);
  if (here.length === 0) {
    const others = all.map((instance) => `--directory ${instance.directory}`);
    const remedy =
      others.length === 0 ? "none of yours runs: start one with propylon run" : `elsewhere runs: ${others.join(", ")}`;
    throw new PropylonError("user", `No propylon runs in ${directory}`, { remedy });
  }
  const choices = here.map((instance) => `  --control ${instance.control}   (process ${instance.pid})`).join("\n");
  throw new PropylonError("user", `${here.length} instances run in ${directory}`, { remedy: `say which:\n${choices}` });
}

// --- internal ---

/** With its links followed; a folder that is gone, with an instance in it, goes by its name. */
function realPath(folder: string): string {
  try {
    return fs.realpathSync(folder);
  } catch {
    return folder;
  }
}

function byPidFile(file: string): ControlClient {
  let pid: number;
  try {
    pid = Number(fs.readFileSync(file, "utf8").trim());
  } catch (cause) {
    throw new PropylonError("user", `Cannot read the pid file ${file}`, {
      remedy: "name the one that propylon was started with",
      cause,
    });
  }
  const found = instances(null).find((instance) => instance.pid === pid);
  if (found === undefined)
    throw new PropylonError("user", `The pid file ${file} names process ${pid}, which is no running propylon of yours`);
  return new ControlClient(found.control);
}
