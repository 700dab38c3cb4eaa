import { Command } from "commander";
import { PropylonError } from "../base/errors.ts";
import type { ReloadReport } from "../control/operations.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";

type Flags = InstanceFlags & { readonly json?: boolean };

export function reloadCommand(): Command {
  return verb("reload", "read the configuration again and swap it in; old workers stay until new ones are ready")
    .argument("[app]", "only this app")
    .action(async (app: string | undefined, flags: Flags) =>
      report(await findInstance(flags).reload(app === undefined ? {} : { app }), flags),
    );
}

export function restartCommand(): Command {
  return verb("restart", "replace the workers of an app, new ones ready first")
    .argument("<name>", "an app, or all")
    .action(async (name: string, flags: Flags) => report(await findInstance(flags).restart({ name }), flags));
}

export function startCommand(): Command {
  return verb("start", "start an app that was stopped")
    .argument("<name>", "an app")
    .action(async (name: string, flags: Flags) => {
      await findInstance(flags).start({ name });
      done(`${name} started`, flags);
    });
}

export function stopCommand(): Command {
  return verb("stop", "stop everything, or one app; requests in flight are answered first")
    .argument("[name]", "only this app")
    .option("--now", "without waiting for requests in flight")
    .action(async (name: string | undefined, flags: Flags & { readonly now?: boolean }) => {
      await findInstance(flags).stop({ ...(name === undefined ? {} : { name }), ...(flags.now ? { now: true } : {}) });
      done(name === undefined ? "stopping" : `${name} stopped`, flags);
    });
}

// --- internal ---

function verb(name: string, description: string): Command {
  return addInstanceOptions(new Command(name).description(description).option("--json", "the result, for machines"));
}

function done(text: string, flags: Flags): void {
  process.stdout.write(flags.json ? "{}\n" : `${text}\n`);
}

function report(result: ReloadReport, flags: Flags): void {
  const failed = result.apps.filter((app) => !app.swapped);
  if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else {
    for (const app of result.apps) if (app.swapped) process.stdout.write(`${app.name}: new workers serve\n`);
    for (const change of result.changes) process.stdout.write(`${change}\n`);
  }
  if (failed.length === 0) return;
  const reasons = failed.map(
    (app) => `${app.name}: ${app.reason ?? "failed"}${app.traceback === null ? "" : `\n${app.traceback.trimEnd()}`}`,
  );
  throw new PropylonError("user", `The old workers keep serving, since new ones did not start\n${reasons.join("\n")}`);
}
