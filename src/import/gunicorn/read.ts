import { dirname, resolve } from "node:path";
import { type Place, ProblemList, PropylonError } from "../../base/errors.ts";
import { splitShellWords } from "../../base/shell-words.ts";
import type { WrittenSettings } from "../../config/schema.ts";
import { approximated, ignored, Ledger, mapped, undecided } from "../ledger.ts";
import type { ReadContext, Reader, Reading } from "../reading.ts";
import { appSettings } from "./app.ts";
import { HOOK_OUTCOME, HOOKS, LOGGING_HOOK, SETTINGS } from "./options.ts";
import { type Assignment, readPython } from "./python-file.ts";
import { PythonSyntaxProblem } from "./python-tokens.ts";
import { isList, isNamed, isTrue, type PythonValue, textOf } from "./python-value.ts";
import { isScript, scriptCommands } from "./script.ts";
import { type Effective, type GivenSetting, readWords } from "./words.ts";

/**
 * Reads Gunicorn's settings from where it takes them: its defaults, the configuration file (`-c`, else ./gunicorn.conf.py), then
 * `GUNICORN_CMD_ARGS`, then the command line. The file is read, never run.
 */
export const readGunicorn: Reader = (source, context) => {
  if (source.form === "file" && isScript(source.path, source.text)) return readScript(source, context);
  const place: Place = source.form === "file" ? { file: source.path } : source.place;
  const command = source.form === "file" ? { settings: [], targets: [] } : readWords(source.words, place);
  const folder = source.form === "file" ? dirname(source.path) : context.directory;
  return readFrom(command, source.form === "file" ? source : null, place, folder, context, false);
};

// --- internal ---

/** A shell script or a Dockerfile with Gunicorn's command in it. */
function readScript(source: { readonly path: string; readonly text: string }, context: ReadContext): Reading {
  const folder = dirname(source.path);
  const [first, ...others] = scriptCommands(source.text, context.environment);
  if (first === undefined) {
    const notes = [`${source.path} is a script in which no gunicorn command was found`];
    return { kind: "gunicorn", settings: {}, doors: [], directives: [], files: [source.path], notes };
  }
  const place = { file: source.path, line: first.line };
  const command = readWords(first.words, place);
  // A variable that is not set leaves an empty word, where a shell would have had something to say.
  const filled = { ...command, targets: command.targets.filter((target) => target !== "") };
  const reading = readFrom(filled, null, place, folder, { ...context, directory: folder }, true);
  const notes = [`of the script ${source.path} the gunicorn command of line ${first.line} was read, and nothing else`];
  if (others.length > 0)
    notes.push(
      `${source.path} has further ones in line ${others.map(({ line }) => line).join(", ")}, which are left out`,
    );
  return { ...reading, files: [source.path, ...reading.files], notes: [...(reading.notes ?? []), ...notes] };
}

/** `lenient`: a configuration file that is not here may be where the script is to run. */
function readFrom(
  command: ReturnType<typeof readWords>,
  given: { readonly path: string; readonly text: string } | null,
  place: Place,
  folder: string,
  context: ReadContext,
  lenient: boolean,
): Reading {
  const ledger = new Ledger();
  const settings = new Map<string, Effective>();
  const files: string[] = [];
  const variable = commandArguments(context);
  const file = given ?? configurationFile(command.settings, variable, context, place, lenient);
  if (file !== null) {
    files.push(file.path);
    readFile(file.path, file.text, folder, context, settings, ledger);
  }
  for (const one of variable) take(one, { file: "GUNICORN_CMD_ARGS" }, settings, ledger);
  for (const one of command.settings) take(one, place, settings, ledger);
  const unread = settings.get("config");
  if (unread !== undefined && file === null)
    ledger.say(unread.place, command.settings.find(({ name }) => name === "config")?.option ?? "--config", UNREAD);
  const app = appSettings(settings, command.targets, place, folder, context, ledger);
  return {
    kind: "gunicorn",
    settings: app.settings as WrittenSettings,
    doors: app.doors,
    directives: ledger.all(),
    files,
    notes: app.notes,
    ...(app.pidFile === null ? {} : { pidFile: app.pidFile }),
  };
}

const UNREAD = undecided("its settings were not read: give the file itself, or its settings as options");

function commandArguments({ environment }: ReadContext): readonly GivenSetting[] {
  const text = environment["GUNICORN_CMD_ARGS"];
  if (text === undefined || text.trim() === "") return [];
  const words = splitShellWords(text);
  if (words === null)
    throw new ProblemList([
      new PropylonError("user", "The quotes of GUNICORN_CMD_ARGS are not closed", {
        place: { file: "GUNICORN_CMD_ARGS" },
      }),
    ]);
  return readWords(words, { file: "GUNICORN_CMD_ARGS" }).settings;
}

/** `-c FILE` (also `file:FILE`), else ./gunicorn.conf.py when it is there. */
function configurationFile(
  command: readonly GivenSetting[],
  variable: readonly GivenSetting[],
  context: ReadContext,
  place: Place,
  lenient: boolean,
): { readonly path: string; readonly text: string } | null {
  const given = [...variable, ...command].findLast(({ name }) => name === "config")?.value;
  const written = typeof given === "string" ? given.replace(/^file:/, "") : "./gunicorn.conf.py";
  // A module, which only running would tell.
  if (written.startsWith("python:")) return null;
  const path = resolve(context.directory, written);
  const text = written === "" ? null : context.readFile(path);
  if (text !== null) return { path, text };
  if (given === undefined || written === "" || lenient) return null;
  throw new ProblemList([new PropylonError("user", `Cannot read Gunicorn's configuration ${written}`, { place })]);
}

function readFile(
  path: string,
  source: string,
  directory: string,
  context: ReadContext,
  settings: Map<string, Effective>,
  ledger: Ledger,
): void {
  const world = {
    environment: context.environment,
    cpus: context.cpus,
    file: path,
    directory,
    exists: (name: string) => context.isFile(name) || context.isDirectory(name),
  };
  let assignments: readonly Assignment[];
  try {
    assignments = readPython(source, world);
  } catch (error) {
    if (!(error instanceof PythonSyntaxProblem)) throw error;
    const place = { file: path, line: error.line };
    throw new ProblemList([new PropylonError("user", `This is not Python: ${error.message}`, { place, cause: error })]);
  }
  for (const assignment of assignments) takeAssignment(assignment, path, source, settings, ledger);
}

function takeAssignment(
  assignment: Assignment,
  file: string,
  source: string,
  settings: Map<string, Effective>,
  ledger: Ledger,
): void {
  const { name, line, value, defined } = assignment;
  const place = { file, line };
  if (assignment.skipped) {
    if (HOOKS.has(name) || Object.hasOwn(SETTINGS, name)) ledger.say(place, name, SKIPPED);
  } else if (HOOKS.has(name)) ledger.say(place, name, assignment.logsOnly ? LOGGING_HOOK : HOOK_OUTCOME);
  else if (!Object.hasOwn(SETTINGS, name)) {
    // Names of the file's own are no settings.
    if (!defined && !name.startsWith("_"))
      ledger.say(
        place,
        name,
        isUsed(name, source)
          ? mapped("a name of the file's own, which other lines use")
          : ignored("it is a name of the file's own, not a setting of Gunicorn, and nothing uses it"),
      );
  } else if (!value.known) {
    // What has no part here, or another one, has it whatever the value is.
    const { outcome } = SETTINGS[name]!;
    ledger.say(
      place,
      name,
      outcome.verdict === "mapped" ? undecided(`${value.reason}: give it on the command line`) : outcome,
    );
    settings.delete(name);
  } else if (isSettable(value.value)) {
    settings.set(name, { value: value.value, place });
    ledger.say(
      place,
      name,
      isUnset(name, value.value)
        ? ALWAYS.has(name)
          ? approximated("it is always on")
          : mapped("it is so anyway")
        : SETTINGS[name]!.outcome,
    );
  } else ledger.say(place, name, undecided("its value is not known before it runs: give it on the command line"));
}

const SKIPPED = approximated("decided when this is read: its branch is not taken here");

/** Whether a name stands in the file anywhere else. */
function isUsed(name: string, source: string): boolean {
  return source.replace(/^\s*#.*$/gm, "").split(new RegExp(`(?<![\\w.])${name}(?!\\w)`)).length > 2;
}

/** Switches that can't be off. */
const ALWAYS = new Set(["initgroups", "capture_output", "enable_stdio_inheritance"]);

/** `None`, an empty text and a switch that is off leave things as they are. */
function isUnset(name: string, value: PythonValue): boolean {
  return value === null || value === "" || (SETTINGS[name]!.takes === "flag" && !isTrue(value));
}

function isSettable(value: PythonValue): boolean {
  return (
    !isNamed(value) && (!isList(value) || value.every((item) => typeof item === "string" || typeof item === "number"))
  );
}

function take(
  { name, value, option }: GivenSetting,
  place: Place,
  settings: Map<string, Effective>,
  ledger: Ledger,
): void {
  const before = settings.get(name);
  const repeats = SETTINGS[name]!.takes === "list";
  // Options that are given again add to a list, but the command line's list replaces the file's.
  const list =
    repeats && before !== undefined && before.place.file === place.file && isList(before.value) ? before.value : [];
  settings.set(name, { value: repeats ? [...list, textOf(value)] : value, place });
  ledger.say(
    place,
    option,
    name === "timeout" && value === "0" ? approximated("requests have no time limit") : SETTINGS[name]!.outcome,
  );
}
