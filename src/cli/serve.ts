import fs from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { describe, PropylonError } from "../base/errors.ts";
import { createLog } from "../base/log.ts";
import { configForApp } from "../config/app-config.ts";
import type { Flags } from "../config/flags.ts";
import { type LoadedConfig, type LoadOptions, loadConfig } from "../config/load.ts";
import type { Config } from "../config/model.ts";
import type { StatusReport } from "../control/operations.ts";
import { discoverApp } from "../process/discover-app.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { LogOutput } from "./log-output.ts";
import { SourceWatch } from "./source-watch.ts";
import { VERSION } from "./version.ts";

/** The options of `run`, `dev` and `propylon TARGET`, as commander gives them. */
export interface ServeFlags {
  readonly listen?: string[];
  readonly workers?: string;
  readonly threads?: string;
  readonly python?: string;
  readonly admin?: string;
  readonly profile?: string;
  readonly set?: string[];
  readonly pidFile?: string;
  readonly accessLog?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly factory?: boolean;
}

export interface ServeRequest {
  /** An app to serve without a configuration, or null. */
  readonly target: string | null;
  /** A configuration or its folder; null with a null target: whatever this folder holds. */
  readonly file: string | null;
  readonly development: boolean;
  readonly flags: ServeFlags;
}

export function addServeOptions(command: Command): Command {
  return command
    .option(
      "-l, --listen <address>",
      "where to listen instead: 127.0.0.1:8000, *:80, unix:/run/app.sock; may be repeated",
      collect,
    )
    .option("-w, --workers <count>", "processes of each app, or auto")
    .option("-t, --threads <count>", "lanes of each worker")
    .option("--python <path>", "Python interpreter or virtual environment")
    .option("--admin <address>", "serve /metrics, /livez and /readyz there")
    .option("-p, --profile <name>", "profile of the configuration (default: PROPYLON_PROFILE)")
    .option("--set <key=value>", "override a setting, such as apps.shop.workers=4; may be repeated", collect)
    .option("--factory", "call the target to get the app")
    .option("--pid-file <path>", "write the process id there")
    .option("--access-log <path>", "a line for each request: a file, or - for stdout")
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--log-format <format>", "text or json");
}

/** Serves until it is told to stop. Rejects with a PropylonError when it can't start. */
export async function serve(request: ServeRequest): Promise<void> {
  const directory = process.cwd();
  const options = loadOptions(request, directory);
  const loaded = loadConfig(options);
  warn(loaded);
  const { config } = loaded;
  const output = new LogOutput(process.stderr, config.log.format);
  const log = createLog("main", output.write, config.log.level);
  let current: Config = config;
  const watch = new SourceWatch(log);
  const supervisor = new Supervisor({
    config,
    log,
    version: VERSION,
    development: request.development,
    pidFile: request.flags.pidFile === undefined ? undefined : path.resolve(directory, request.flags.pidFile),
    load: async () => {
      const again = loadConfig(options);
      warn(again);
      current = again.config;
      watch.follow(current);
      return current;
    },
    ready: (status) => announce(status, current),
  });
  watch.start(current, loaded.file, {
    sourceChanged: (app) => supervisor.restart({ name: app }),
    configChanged: () => supervisor.reload({}),
  });
  try {
    await supervisor.run();
  } finally {
    await watch.stop();
  }
}

// --- internal ---

function loadOptions(request: ServeRequest, directory: string): LoadOptions {
  const { flags, development } = request;
  const common = {
    profile: flags.profile ?? null,
    ...(development ? { defaultProfile: "development" } : {}),
    environment: process.env,
    flags: { ...configFlags(flags), ...(development ? { dev: true, accessLog: flags.accessLog ?? "-" } : {}) },
    directory,
  };
  const target = request.target ?? (request.file === null ? discovered(directory) : null);
  if (target !== null) {
    const document = configForApp(target, {
      directory,
      environment: process.env,
      ...(flags.factory ? { factory: true } : {}),
    });
    return { ...common, file: null, document };
  }
  const file = request.file ?? ".";
  refuseForeign(path.resolve(directory, file), file);
  return { ...common, file };
}

function configFlags(flags: ServeFlags): Flags {
  const { listen, workers, threads, python, admin, accessLog, logLevel, logFormat, set } = flags;
  const given = { listen, workers, threads, python, admin, accessLog, logLevel, logFormat, set };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The app that this folder holds, or null when it has a propylon.yaml, which then says what to serve. */
function discovered(directory: string): string | null {
  if (fs.existsSync(path.join(directory, "propylon.yaml"))) return null;
  const { target, seen } = discoverApp(directory);
  process.stderr.write(
    `propylon: serving ${path.isAbsolute(target) ? path.basename(target) : target} (${seen}); to say so yourself: propylon ${target}\n`,
  );
  return target;
}

function refuseForeign(absolute: string, shown: string): void {
  if (!fs.existsSync(absolute) || fs.statSync(absolute).isDirectory() || /\.ya?ml$/.test(absolute)) return;
  throw new PropylonError("user", `${shown} is not a propylon.yaml`, {
    remedy: "this version reads its own configuration only; docs/configuration.md shows how to write it",
  });
}

function warn(loaded: LoadedConfig): void {
  for (const warning of loaded.warnings) process.stderr.write(`propylon: warning: ${describe(warning)}\n`);
}

/** `propylon: serving person at http://127.0.0.1:8000 (2 workers x 4 threads, Python ...)` */
function announce(status: StatusReport, config: Config): void {
  const names = status.apps.map(({ name }) => name).join(", ") || "files";
  const urls = status.listeners.map(({ url }) => url).join(" and ");
  const details = status.apps.map(({ name, python }) => {
    const { workers, threads } = config.apps[name]!;
    return `${workers} worker${workers === 1 ? "" : "s"} x ${threads} thread${threads === 1 ? "" : "s"}, ${python}`;
  });
  process.stderr.write(
    `propylon: serving ${names} at ${urls}${details.length === 0 ? "" : ` (${details.join("; ")})`}\n`,
  );
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
