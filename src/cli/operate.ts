import fs from "node:fs";
import { Command } from "commander";
import { hasCode, PropylonError } from "../base/errors.ts";
import type { ControlClient } from "../control/client.ts";
import type { ChangeReport, ReloadReport } from "../control/operations.ts";
import { addInstanceOptions, findInstance, type InstanceFlags } from "./instance.ts";

/** How often to look whether main has gone, ms. */
const LOOK_AGAIN = 20;

interface Flags extends InstanceFlags {
  readonly json?: boolean;
}

export function reloadCommand(): Command {
  return verb("reload", "read the configuration again and swap it in; old workers stay until new ones are ready")
    .argument("[app]", "only this app")
    .option("--programs", "only the programs")
    .option("--dry-run", "only say what would change")
    .action(async (app: string | undefined, flags: ReloadFlags) => {
      const client = findInstance(flags);
      if (flags.dryRun) return tellChanges(await client.changes(), flags);
      const programs = flags.programs ? { programs: true } : {};
      await report(client, await client.reload({ ...(app === undefined ? {} : { app }), ...programs }), flags);
    });
}

export function restartCommand(): Command {
  return verb("restart", "replace the workers of an app, new ones ready first; or stop and start a program")
    .argument("<name>", "an app, a program, an instance of one (worker:0), or all: every app")
    .action(async (name: string, flags: Flags) => {
      const client = findInstance(flags);
      await report(client, await client.restart({ name }), flags);
    });
}

export function startCommand(): Command {
  return verb("start", "start an app or a program that does not run, and wait until it does")
    .argument("<name>", "an app, a program or an instance of one, such as worker:0")
    .action(async (name: string, flags: Flags) => {
      await findInstance(flags).start({ name });
      done(`${name} started`, flags);
    });
}

export function stopCommand(): Command {
  return verb("stop", "stop everything, or one app or program; requests in flight are answered first")
    .argument("[name]", "only this app, program or instance of one")
    .option("--now", "without waiting for requests in flight; programs are killed")
    .action(async (name: string | undefined, flags: Flags & { readonly now?: boolean }) => {
      const client = findInstance(flags);
      const now = flags.now ? { now: true } : {};
      if (name === undefined) await stopAll(client, now);
      else await client.stop({ name, ...now });
      done(name === undefined ? "stopped" : `${name} stopped`, flags);
    });
}

export function signalCommand(): Command {
  return verb("signal", "send a signal to the process of a program")
    .argument("<signal>", "HUP, USR1, ... or its number")
    .argument("<name>", "a program, or an instance of one, such as worker:0")
    .action(async (signal: string, name: string, flags: Flags) => {
      await findInstance(flags).signal({ name, signal });
      done(`${name} was sent ${signal}`, flags);
    });
}

// --- internal ---

interface ReloadFlags extends Flags {
  readonly programs?: boolean;
  readonly dryRun?: boolean;
}

function tellChanges(result: ChangeReport, flags: Flags): void {
  if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else process.stdout.write(`${result.changes.join("\n") || "nothing would change"}\n`);
}

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
    return !isUncollected(pid);
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

/** It has ended, and whoever started it has not asked how (proc(5): state Z). */
function isUncollected(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false; // no /proc, or gone in this moment
  }
}

async function report(client: ControlClient, result: ReloadReport, flags: Flags): Promise<void> {
  // One by one, a later worker may not come up when the first has: old ones are left then.
  const failed = result.apps.filter((app) => !app.swapped || app.reason !== null);
  if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else {
    for (const app of result.apps) if (!failed.includes(app)) process.stdout.write(`${app.name}: new workers serve\n`);
    for (const change of result.changes) process.stdout.write(`${change}\n`);
    if (result.apps.length === 0 && result.changes.length === 0)
      process.stdout.write(
        `${result.programs.changed.map((name) => `${name} restarted`).join("\n") || "nothing changed"}\n`,
      );
  }
  if (failed.length === 0) return;
  const { apps } = await client.status();
  const reasons = failed.map(({ name, reason, traceback, swapped }) => {
    if (swapped) return `${name}: new and old workers serve side by side: ${reason}; it is tried again`;
    const now = apps.find((app) => app.name === name)?.state;
    const outcome = now === "running" || now === "degraded" ? "its old workers keep serving" : `it is ${now ?? "gone"}`;
    return `${name}: ${reason ?? "another app failed"}; ${outcome}${traceback === null ? "" : `\n${traceback.trimEnd()}`}`;
  });
  throw new PropylonError("user", `New workers do not come up\n${reasons.join("\n")}`);
}
