import { Command } from "commander";
import { isForeign } from "./foreign-kind.ts";
import { serve } from "./serve.ts";
import { addServeOptions, type ServeFlags } from "./serve-options.ts";
import { isTarget } from "./target.ts";

export function runCommand(): Command {
  const command = new Command("run")
    .description(
      "serve a configuration: propylon.yaml, the folder that holds it, or files of other programs as they are",
    )
    .argument("[FILE...]", "default: ./propylon.yaml; nginx.conf, uwsgi.ini, supervisord.conf ... are read together")
    .option(
      "--with <command>",
      "with a server's command line, such as 'gunicorn app:app'; may be repeated",
      collect,
      [],
    )
    .option("--as <kind>", "the kind of foreign files, where their content does not say it")
    .option("--port-offset <number>", "add this to foreign ports below 1024, such as 8000 for 8080 in place of 80")
    .action((files: string[], flags: ServeFlags & { as?: string; with: string[] }) => {
      const request = { files, as: flags.as ?? null, commands: flags.with };
      const foreign = isForeign(request, process.cwd()) ? request : null;
      return serve({ target: null, file: files[0] ?? ".", foreign, development: false, flags });
    });
  return addServeOptions(command);
}

export function devCommand(): Command {
  const command = new Command("dev")
    .description("serve for development: reload on save, tracebacks in the browser, one worker")
    .argument("[target]", "MODULE:CALLABLE, a .wsgi script, or a configuration")
    .action((target: string | undefined, flags: ServeFlags) => {
      const isApp = target !== undefined && isTarget(target) && !/\.ya?ml$/.test(target);
      return serve({ target: isApp ? target : null, file: isApp ? null : (target ?? null), development: true, flags });
    });
  return addServeOptions(command);
}

// --- internal ---

// Not a variadic option, which would take the arguments behind it for its own.
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
