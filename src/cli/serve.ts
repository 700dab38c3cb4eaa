import fs from "node:fs";
import path from "node:path";
import { describe, PropylonError } from "../base/errors.ts";
import { createLog } from "../base/log.ts";
import { configForApp } from "../config/app-config.ts";
import type { Flags } from "../config/flags.ts";
import { type LoadedConfig, type LoadOptions, loadConfig } from "../config/load.ts";
import type { Config } from "../config/model.ts";
import type { StatusReport } from "../control/operations.ts";
import { discoverApp, typedTarget } from "../process/discover-app.ts";
import { findInterpreter, type Interpreter } from "../process/interpreter.ts";
import type { SignalTable } from "../supervisor/signals.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { ForeignRequest } from "./foreign-kind.ts";
import { LogOutput } from "./log-output.ts";
import type { ServeFlags } from "./serve-options.ts";
import { SourceWatch } from "./source-watch.ts";
import { settleTarget } from "./target.ts";
import { VERSION } from "./version.ts";

export interface ServeRequest {
  /** An app to serve without a configuration, or null. */
  readonly target: string | null;
  /** A configuration or its folder; null with a null target: whatever this folder holds. */
  readonly file: string | null;
  /** Configuration of other programs, in place of both; null: none. */
  readonly foreign?: ForeignRequest | null;
  /** What signals mean, where that is not ours. */
  readonly signals?: SignalTable;
  readonly development: boolean;
  readonly flags: ServeFlags;
}

/** Serves until it is told to stop. Rejects with a PropylonError when it can't start. */
export async function serve(request: ServeRequest): Promise<void> {
  const directory = process.cwd();
  const { development, flags } = request;
  const { config, file, warnings, pidFile } = await load(request, directory);
  const output = new LogOutput(process.stderr.fd, config.log);
  const log = createLog("main", output.write, config.log.level);
  for (const warning of warnings) output.say(`propylon: warning: ${describe(warning)}`);
  let current: Config = config;
  const interpreters = new Map<string, Interpreter>();
  const supervisor: Supervisor = new Supervisor({
    config,
    log,
    reopenLog: () => output.reopen(),
    version: VERSION,
    development,
    ...(request.signals === undefined ? {} : { signals: request.signals }),
    pidFile: flags.pidFile === undefined ? (pidFile ?? undefined) : path.resolve(directory, flags.pidFile),
    findInterpreter: (app) => {
      const interpreter = findInterpreter(app, { directory: current.directory });
      interpreters.set(app.name, interpreter);
      return interpreter;
    },
    load: async () => {
      const again = await load(request, directory);
      for (const warning of again.warnings) log.warn(describe(warning));
      current = again.config;
      watch.follow(current);
      return current;
    },
    ready: (status) => output.say(announcement(status, current, interpreters)),
  });
  const watch = new SourceWatch(log, file, {
    sourceChanged: (app) => supervisor.restart({ name: app }),
    configChanged: () => supervisor.reload({}),
  });
  watch.follow(config);
  try {
    await supervisor.run();
  } finally {
    await watch.stop();
    await output.end();
  }
}

// --- internal ---

/** Reads everything anew: what the request names may have changed since. */
async function load(
  request: ServeRequest,
  directory: string,
): Promise<LoadedConfig & { readonly pidFile: string | null }> {
  const { foreign } = request;
  if (!foreign) return { ...loadConfig(loadOptions(request, directory)), pidFile: null };
  // Readers of other programs' files stay out of a main that has a propylon.yaml.
  const { importForeign } = await import("./foreign.ts");
  const { foreignOptions, undecided } = await import("./foreign-options.ts");
  const imported = importForeign(foreign, directory);
  const options = { ...commonOptions(request, directory), ...foreignOptions(imported, portOffset(request.flags)) };
  const loaded = loadConfig(options);
  const open = undecided(imported).map(({ message, place }) => new PropylonError("user", message, place && { place }));
  return { ...loaded, warnings: [...open, ...loaded.warnings], pidFile: imported.pidFile };
}

function portOffset({ portOffset: written }: ServeFlags): number {
  if (written === undefined) return 0;
  if (/^\d{1,5}$/.test(written)) return Number(written);
  throw new PropylonError("usage", `--port-offset ${written} is not a number`, { remedy: "write --port-offset 8000" });
}

function commonOptions(request: ServeRequest, directory: string): Omit<LoadOptions, "file"> {
  const { flags, development } = request;
  return {
    profile: flags.profile ?? null,
    ...(development ? { defaultProfile: "development" } : {}),
    environment: process.env,
    flags: { ...configFlags(flags), ...(development ? { dev: true, accessLog: flags.accessLog ?? "-" } : {}) },
    directory,
  };
}

function loadOptions(request: ServeRequest, directory: string): LoadOptions {
  const common = commonOptions(request, directory);
  const { flags } = request;
  const target =
    request.target === null
      ? request.file === null
        ? discovered(directory)
        : null
      : settleTarget(request.target, directory);
  if (target !== null) {
    const document = configForApp(target, {
      directory,
      environment: process.env,
      ...(flags.factory ? { factory: true } : {}),
    });
    return { ...common, file: null, document };
  }
  const file = request.file ?? ".";
  return { ...common, file };
}

function configFlags(flags: ServeFlags): Flags {
  const { listen, workers, threads, python, interface: kind, admin, accessLog, logLevel, logFormat, set } = flags;
  const given = { listen, workers, threads, python, interface: kind, admin, accessLog, logLevel, logFormat, set };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The app that this folder holds, or null when it has a propylon.yaml, which then says what to serve. */
function discovered(directory: string): string | null {
  if (fs.existsSync(path.join(directory, "propylon.yaml"))) return null;
  const { target, seen } = discoverApp(directory);
  const typed = typedTarget(directory, target);
  process.stderr.write(`propylon: serving ${typed} (${seen}); to say so yourself: propylon ${typed}\n`);
  return target;
}

/** `propylon: serving person at http://127.0.0.1:8000 (2 workers x 4 threads, Python 3.11.7 from .venv)` */
function announcement(status: StatusReport, config: Config, interpreters: ReadonlyMap<string, Interpreter>): string {
  const programs = Object.keys(config.programs);
  if (status.listeners.length === 0) return `propylon: keeping ${programs.join(", ")}`;
  const names = status.apps.map(({ name }) => name).join(", ") || "files";
  const urls = status.listeners.map(({ url }) => url).join(" and ");
  const details = status.apps.map(({ name, interface: kind }) => {
    const { workers, threads } = config.apps[name]!;
    const interpreter = interpreters.get(name);
    const python = interpreter === undefined ? "" : `, Python ${interpreter.version} from ${interpreter.reason}`;
    const loop = kind?.loop ? `on ${kind.loop}` : `x ${countOf(threads, "thread")}`;
    const size = `${countOf(workers, "worker")} ${loop}`;
    return `${status.apps.length > 1 ? `${name}: ` : ""}${size}${python}`;
  });
  return `propylon: serving ${names} at ${urls}${details.length === 0 ? "" : ` (${details.join("; ")})`}`;
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
