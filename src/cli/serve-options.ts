import type { Command } from "commander";

/** The options of `run`, `dev` and `propylon TARGET`, as commander gives them. */
export interface ServeFlags {
  readonly listen?: string[];
  readonly workers?: string;
  readonly threads?: string;
  readonly python?: string;
  readonly interface?: string;
  readonly admin?: string;
  readonly profile?: string;
  readonly set?: string[];
  readonly pidFile?: string;
  readonly accessLog?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly factory?: boolean;
  readonly portOffset?: string;
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
    .option("--interface <kind>", "wsgi, asgi, or auto: by what the app is")
    .option("--admin <address>", "serve /metrics, /livez and /readyz there")
    .option("-p, --profile <name>", "profile of the configuration (default: PROPYLON_PROFILE)")
    .option("--set <key=value>", "override a setting, such as apps.shop.workers=4; may be repeated", collect)
    .option("--factory", "call the target to get the app")
    .option("--pid-file <path>", "write the process id there")
    .option("--access-log <path>", "a line for each request: a file, or - for stdout")
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--log-format <format>", "text or json");
}

// --- internal ---

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
