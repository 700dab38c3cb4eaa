import fs from "node:fs";
import { Command, type CommanderError } from "commander";
import { didYouMean } from "../base/did-you-mean.ts";
import { PropylonError } from "../base/errors.ts";
import { cacheCommand } from "./cache.ts";
import { checkCommand } from "./check.ts";
import { explainCommand } from "./explain.ts";
import { exportCommand } from "./export.ts";
import { isForeign } from "./foreign.ts";
import { importCommand } from "./import.ts";
import { logsCommand } from "./logs.ts";
import { reloadCommand, restartCommand, signalCommand, startCommand, stopCommand } from "./operate.ts";
import { reportsCommand } from "./reports.ts";
import { addServeOptions, type ServeFlags, serve } from "./serve.ts";
import { stacksCommand } from "./stacks.ts";
import { statusCommand } from "./status.ts";
import { upstreamCommand } from "./upstream.ts";
import { VERSION } from "./version.ts";

const EXAMPLES = `
Examples:
  propylon app:app                 serve the app \`app\` of app.py at http://127.0.0.1:8000
  propylon                         serve ./propylon.yaml, or the app that this folder holds
  propylon run /srv/shop           serve the propylon.yaml of a folder
  propylon run nginx.conf app.ini  serve the configuration of other programs, together
  propylon dev                     the same with reload on save and tracebacks in the browser
  propylon status                  what runs here, from the same folder

In place of the program, with its own arguments:
  propylon nginx | uwsgi | gunicorn | waitress-serve | supervisord | supervisorctl ...`;

/** The whole command line. Actions throw PropylonErrors; commander's own complaints become usage errors. */
export function createProgram(): Command {
  const program = new Command("propylon");
  program
    .description("The whole production stack of a Python web app in one program.")
    .version(VERSION, "-V, --version")
    .argument("[target]", "MODULE:CALLABLE or a .wsgi script to serve")
    .addHelpText("after", EXAMPLES)
    .helpCommand(false)
    .allowExcessArguments()
    .enablePositionalOptions()
    .hook("preSubcommand", (_program, verb) => refuseOptionsBefore(verb, program))
    .action((target: string | undefined, flags: ServeFlags) => {
      const extra = program.args[1];
      if (target !== undefined && !isTarget(target)) throw unknownVerb(target, program);
      if (extra !== undefined)
        throw new PropylonError("usage", `"${extra}" is one too many: an app is served alone`, {
          remedy: "several apps go into one propylon.yaml",
        });
      return serve({ target: target ?? null, file: null, development: false, flags });
    });
  addServeOptions(program);
  const run = new Command("run")
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
  const dev = new Command("dev")
    .description("serve for development: reload on save, tracebacks in the browser, one worker")
    .argument("[target]", "MODULE:CALLABLE, a .wsgi script, or a configuration")
    .action((target: string | undefined, flags: ServeFlags) => {
      const isApp = target !== undefined && isTarget(target) && !/\.ya?ml$/.test(target);
      return serve({ target: isApp ? target : null, file: isApp ? null : (target ?? null), development: true, flags });
    });
  for (const command of [
    addServeOptions(run),
    addServeOptions(dev),
    checkCommand(),
    explainCommand(),
    importCommand(),
    exportCommand(),
  ])
    program.addCommand(command);
  for (const command of [
    statusCommand(),
    reloadCommand(),
    restartCommand(),
    startCommand(),
    stopCommand(),
    signalCommand(),
    logsCommand(),
    stacksCommand(),
    cacheCommand(),
    upstreamCommand(),
    reportsCommand(),
  ])
    program.addCommand(command);
  program.addCommand(helpCommand(program));
  makeErrorsOurs(program);
  return program;
}

// --- internal ---

// Not a variadic option, which would take the arguments behind it for its own.
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function helpCommand(program: Command): Command {
  return new Command("help")
    .description("how a verb is used, as VERB --help")
    .argument("[verb]")
    .action((name: string | undefined) => {
      const verb = name === undefined ? program : program.commands.find((command) => command.name() === name);
      if (verb === undefined) throw unknownVerb(name!, program);
      verb.outputHelp();
    });
}

/** `module:callable`, or a path of a script; anything else in the first place is a mistyped verb. */
function isTarget(text: string): boolean {
  return /:|\.(?:wsgi|py)$/.test(text) || (text.includes("/") && !isConfiguration(text));
}

/** What `run` takes: a YAML file, or a folder. */
function isConfiguration(text: string): boolean {
  return /\.ya?ml$/.test(text) || fs.statSync(text, { throwIfNoEntry: false })?.isDirectory() === true;
}

function unknownVerb(text: string, program: Command): PropylonError {
  if (isConfiguration(text))
    return new PropylonError("usage", `"${text}" is not an app`, { remedy: `to serve it: propylon run ${text}` });
  const near = didYouMean(
    text,
    program.commands.map((command) => command.name()),
  );
  const remedy = near ?? "to serve an app write MODULE:CALLABLE, such as `propylon app:app`; see propylon --help";
  return new PropylonError("usage", `"${text}" is neither a verb nor an app`, { remedy });
}

/** An option before the verb would be taken for the program's own, and then for nothing. */
function refuseOptionsBefore(verb: Command, program: Command): void {
  const early = program.options.find((option) => program.getOptionValueSource(option.attributeName()) === "cli");
  if (early?.long === undefined) return;
  const taken = verb.options.some((option) => option.long === early.long);
  throw new PropylonError("usage", `${early.long} stands before the verb ${verb.name()}`, {
    remedy: taken
      ? `write it behind: propylon ${verb.name()} ${early.long}${early.required ? " ..." : ""}`
      : `${verb.name()} takes no such option: see propylon ${verb.name()} --help`,
  });
}

function makeErrorsOurs(program: Command): void {
  const nested = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of [program, ...nested]) {
    command.exitOverride((error: CommanderError) => {
      if (error.exitCode === 0) process.exit(0); // --help and --version have printed
      const [said, suggestion] = error.message.replace(/^error: /, "").split("\n");
      const near = /\(Did you mean (.+)\?\)/.exec(suggestion ?? "")?.[1];
      const name = command === program ? "propylon" : `propylon ${command.name()}`;
      throw new PropylonError("usage", said!, { remedy: `${near ? `did you mean ${near}? ` : ""}see ${name} --help` });
    });
    command.configureOutput({ writeErr: () => {} });
  }
}
