import { resolve } from "node:path";
import { didYouMean } from "../../base/did-you-mean.ts";
import { approximated, ignored, Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { ForeignSource, ReadContext, Reader } from "../reading.ts";
import { buildInstance } from "./build.ts";
import { isLogic } from "./conditions.ts";
import { type FileFormat, formatOf, Gatherer } from "./gather.ts";
import { handle, isOn } from "./handlers.ts";
import { Instance } from "./instance.ts";
import { canonicalName, isOption, OPTIONAL, SWITCHES, VALUES } from "./option-names.ts";
import { COMMENT_NOTE, withoutComment } from "./slips.ts";
import { type InstanceReading, joinInstances, vassalsOf } from "./vassals.ts";
import { fixedOutcome } from "./verdicts.ts";
import { plainWord, readWords } from "./words.ts";
import type { WrittenOption } from "./written-option.ts";

/**
 * The options of a command line or a file in the order in which they come, with variables put in, as `--show-config` tells them.
 * Throws a ProblemList for words that uWSGI refuses.
 */
export function uwsgiOptions(source: ForeignSource, context: ReadContext): readonly WrittenOption[] {
  return gather(source, context, new Ledger()).finish();
}

/**
 * Reads a configuration file or a command line of uWSGI. Relative paths start where uWSGI would be started (`context.directory`), and
 * at its `chdir` for sockets, scripts and static files, since it changes there before it binds anything.
 */
export const readUwsgi: Reader = (source, context) => {
  const ledger = new Ledger();
  const read = readInstance(source, context, ledger, new Set(), false);
  return {
    kind: "uwsgi",
    settings: read.settings,
    doors: read.doors,
    directives: ledger.all(),
    files: read.files,
    notes: read.notes,
    ...(read.pidFile === null ? {} : { pidFile: read.pidFile }),
  };
};

// --- internal ---

function readInstance(
  source: ForeignSource,
  context: ReadContext,
  ledger: Ledger,
  taken: Set<string>,
  vassal: boolean,
): InstanceReading {
  const gatherer = gather(source, context, ledger);
  const references = gatherer.references();
  const options = gatherer.finish();
  const instance = new Instance();
  interpret(options, references, instance, context, ledger);
  const pidFile = instance.pidFile === null ? null : resolve(context.directory, instance.pidFile);
  const built = {
    ...buildInstance(instance, options, context, ledger, taken),
    files: gatherer.files,
    pidFile,
    notes: signalNotes(options),
  };
  // A vassal that is an Emperor itself would read the same folder again and again.
  const vassals = vassal ? [] : vassalsOf(instance, context, ledger);
  return joinInstances([
    built,
    ...vassals.map((each) => readInstance(each.source, { ...context, directory: each.directory }, ledger, taken, true)),
  ]);
}

function gather(source: ForeignSource, context: ReadContext, ledger: Ledger): Gatherer {
  const gatherer = new Gatherer(context, ledger);
  for (const option of environmentOptions(context)) gatherer.add(option);
  if (source.form === "file")
    gatherer.load(source.path, formatOf(source.path) ?? guessFormat(source.text), source.text);
  else {
    const { options, plain } = readWords(source.words, source.place);
    for (const option of options) gatherer.add(option);
    for (const word of plain) gatherer.add({ ...plainWord(word, source.place), implied: true });
  }
  return gatherer;
}

/** `UWSGI_HTTP_SOCKET=:8000` in the environment is the option `http-socket`, and counts before all others. */
function environmentOptions({ environment }: ReadContext): readonly WrittenOption[] {
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith("UWSGI_") && value !== undefined)
    .map(([name, value]) => ({
      name: name.slice("UWSGI_".length).toLowerCase().replaceAll("_", "-"),
      value: value!,
      place: { file: name },
    }))
    .filter(({ name }) => isOption(name));
}

/** A file without a known ending, by what it begins with. */
function guessFormat(text: string): FileFormat {
  if (/^\s*</.test(text)) return "xml";
  if (/^\s*\{/.test(text)) return "json";
  return /^uwsgi\s*:/m.test(text) && !/^\s*\[/m.test(text) ? "yaml" : "ini";
}

function interpret(
  options: readonly WrittenOption[],
  used: ReadonlySet<string>,
  instance: Instance,
  context: ReadContext,
  ledger: Ledger,
): void {
  instance.strict = options.some(({ name, value }) => name === "strict" && isOn(value));
  const told = new Set<string>();
  for (const option of options) {
    const canonical = canonicalName(option.name);
    if (CARRIED_OUT.has(canonical) || isLogic(canonical)) continue;
    const { option: filled, note } = fillShellVariables(option, context);
    if (filled === null) {
      ledger.say(option.place, option.name, undecided(note));
      continue;
    }
    const scheme = /@\((\w+):\/\//.exec(filled.value ?? "")?.[1];
    if (scheme !== undefined) {
      ledger.say(
        option.place,
        option.name,
        undecided(`what @(${scheme}://...) gives is only known when it is asked for: write its value`),
      );
      continue;
    }
    // What a loop repeats, and no option takes, was said the first time.
    const key = `${option.name}\0${option.place.file}\0${option.place.line ?? 0}`;
    if (told.has(key) && !isKnown(option.name)) continue;
    told.add(key);
    const bare = withoutComment(canonical, filled.value);
    const outcome = outcomeOf(bare === null ? filled : { ...filled, value: bare }, canonical, instance, used);
    const notes = [note, bare === null ? "" : COMMENT_NOTE].filter(Boolean).join("; ");
    const differs = notes !== "" && outcome.verdict !== "needs-a-decision";
    ledger.say(option.place, option.name, differs ? approximated(joinNotes(notes, outcome)) : outcome);
  }
}

/** What people know of uWSGI's signals is not what it does. */
function signalNotes(options: readonly WrittenOption[]): readonly string[] {
  const on = (wanted: string): boolean =>
    options.findLast(({ name, value }) => canonicalName(name) === wanted && isOn(value)) !== undefined;
  return on("master") && !on("die-on-term")
    ? [
        "TERM ends it here, as supervisors and containers expect; uWSGI would reload at TERM, since `die-on-term` is not set",
      ]
    : [];
}

/** Options that were carried out while they were gathered. */
const CARRIED_OUT = new Set([
  "endif",
  "endfor",
  "ini",
  "xml",
  "yaml",
  "json",
  "include",
  "inherit",
  "config",
  "set",
  "set-placeholder",
]);

function outcomeOf(option: WrittenOption, canonical: string, instance: Instance, used: ReadonlySet<string>): Outcome {
  const outcome = handle(instance, canonical, option) ?? fixedOutcome(canonical);
  if (SWITCHES.has(canonical) && !isOn(option.value) && option.value !== null)
    return outcome?.verdict === "mapped" ? outcome : mapped("it is off");
  if (outcome !== null && isKnown(option.name)) return outcome;
  if (isKnown(option.name)) return undecided("there is no counterpart");
  if (used.has(option.name)) return mapped("a value for other options");
  if (instance.strict) return undecided("uWSGI has no such option, and with `strict` does not start");
  const near = didYouMean(option.name, [...SWITCHES, ...OPTIONAL, ...VALUES]);
  return ignored(`uWSGI has no such option and takes it for a placeholder${near === undefined ? "" : `; ${near}`}`);
}

function isKnown(name: string): boolean {
  return isOption(name) || canonicalName(name) !== name;
}

/**
 * `${NAME}` and `${NAME:-default}` are no variables of uWSGI, but of what makes its file (envsubst, a template): they are taken
 * from the environment, else from their default. `option` is null where neither is there.
 */
function fillShellVariables(
  option: WrittenOption,
  context: ReadContext,
): { readonly option: WrittenOption | null; readonly note: string } {
  if (option.value === null || /^(?:log|req-log|route)/.test(option.name)) return { option, note: "" };
  const missing: string[] = [];
  let found = false;
  const value = option.value.replace(
    /\$\{(\w+)(?::?-([^}]*))?\}/g,
    (written, name: string, fallback: string | undefined) => {
      found = true;
      const known = context.environment[name] ?? fallback;
      if (known === undefined) missing.push(written);
      return known ?? "";
    },
  );
  if (missing.length > 0)
    return {
      option: null,
      note: `${missing.join(", ")} stands for a value that is not known here, and is no variable of uWSGI`,
    };
  return {
    option: { ...option, value },
    note: found ? "`$NAME` in braces is no variable of uWSGI; its value is taken from the environment" : "",
  };
}

function joinNotes(note: string, outcome: Outcome): string {
  return outcome.note === "" ? note : `${note}; ${outcome.note}`;
}
