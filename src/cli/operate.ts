import { Command } from "commander";
import { hasCode, PropylonError } from "../base/errors.ts";
import type { ControlClient } from "../control/client.ts";
import type { ReloadReport } from "../control/operations.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";

/** How often to look whether main has gone, ms. */
const LOOK_AGAIN = 20;

type Flags = InstanceFlags & { readonly json?: boolean };

export function reloadCommand(): Command {
  return verb("reload", "read the configuration again and swap it in; old workers stay until new ones are ready")
    .argument("[app]", "only this app")
    .action(async (app: string | undefined, flags: Flags) => {
      const client = findInstance(flags);
      await report(client, await client.reload(app === undefined ? {} : { app }), flags);
    });
}

export function restartCommand(): Command {
  return verb("restart", "replace the workers of an app, new ones ready first")
    .argument("<name>", "an app, or all")
    .action(async (name: string, flags: Flags) => {
      const client = findInstance(flags);
      await report(client, await client.restart({ name }), flags);
    });
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
      const client = findInstance(flags);
      const now = flags.now ? { now: true } : {};
      if (name === undefined) await stopAll(client, now);
      else await client.stop({ name, ...now });
      done(name === undefined ? "stopped" : `${name} stopped`, flags);
    });
}

// --- internal ---

function verb(name: string, description: string): Command {
  return addInstanceOptions(new Command(name).description(description).option("--json", "the result, for machines"));
}

function done(text: string, flags: Flags): void {
  process.stdout.write(flags.json ? "{}\n" : `${text}\n`);
}

/** Main answers before it goes; this resolves when it has gone, so that its ports are free. */
async function stopAll(client: ControlClient, options: { readonly now?: boolean }): Promise<void> {
  const { pid } = await client.status();
  await client.stop(options);
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

async function report(client: ControlClient, result: ReloadReport, flags: Flags): Promise<void> {
  const failed = result.apps.filter((app) => !app.swapped);
  if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else {
    for (const app of result.apps) if (app.swapped) process.stdout.write(`${app.name}: new workers serve\n`);
    for (const change of result.changes) process.stdout.write(`${change}\n`);
  }
  if (failed.length === 0) return;
  const { apps } = await client.status();
  const reasons = failed.map(({ name, reason, traceback }) => {
    const now = apps.find((app) => app.name === name)?.state;
    const outcome = now === "running" || now === "degraded" ? "its old workers keep serving" : `it is ${now ?? "gone"}`;
    return `${name}: ${reason ?? "another app failed"}; ${outcome}${traceback === null ? "" : `\n${traceback.trimEnd()}`}`;
  });
  throw new PropylonError("user", `New workers do not come up\n${reasons.join("\n")}`);
}
