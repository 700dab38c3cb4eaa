import fs from "node:fs";
import { Command, type CommanderError } from "commander";
import { didYouMean } from "../base/did-you-mean.ts";
import { PropylonError } from "../base/errors.ts";
import { addServeOptions, type ServeFlags } from "./serve-options.ts";
import { isConfiguration, isTarget } from "./target.ts";
import { isVerb, loadVerbs, verbNames } from "./verbs.ts";
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

/**
 * The command line that these words ask for: with the one verb that they begin with, or with all of them where they ask for help.
 * Actions throw PropylonErrors; commander's own complaints become usage errors.
 */
export async function createProgram(words: readonly string[]): Promise<Command> {
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
    .action(async (target: string | undefined, flags: ServeFlags) => {
      const extra = program.args[1];
      if (target !== undefined && !isTarget(target)) throw unknownVerb(target);
      if (extra !== undefined)
        throw new PropylonError("usage", `"${extra}" is one too many: an app is served alone`, {
          remedy: "several apps go into one propylon.yaml",
        });
      const { serve } = await import("./serve.ts");
      return serve({ target: target ?? null, file: null, development: false, flags });
    });
  addServeOptions(program);
  for (const command of await loadVerbs(neededVerbs(words))) program.addCommand(command);
  program.addCommand(helpCommand(program));
  makeErrorsOurs(program);
  return program;
}

// --- internal ---

/** Behind an option of the program itself a verb may still stand: the first word that is one. */
function neededVerbs(words: readonly string[]): readonly string[] {
  if (words.some((word) => word === "help" || word === "--help" || word === "-h")) return verbNames();
  const verb = words.find(isVerb);
  return verb === undefined ? [] : [verb];
}

function helpCommand(program: Command): Command {
  return new Command("help")
    .description("how a verb is used, as VERB --help")
    .argument("[verb]")
    .action((name: string | undefined) => {
      const verb = name === undefined ? program : program.commands.find((command) => command.name() === name);
      if (verb === undefined) throw unknownVerb(name!);
      verb.outputHelp();
    });
}

function unknownVerb(text: string): PropylonError {
  if (isConfiguration(text) || fs.existsSync(text))
    return new PropylonError("usage", `"${text}" is not an app`, { remedy: `to serve it: propylon run ${text}` });
  const dotted = /^(\w+(?:\.\w+)*)\.(\w+)$/.exec(text);
  const near = dotted === null ? didYouMean(text, [...verbNames(), "help"]) : `did you mean ${dotted[1]}:${dotted[2]}?`;
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
