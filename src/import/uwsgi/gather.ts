import { extname, resolve } from "node:path";
import type { Place } from "../../base/errors.ts";
import { approximated, ignored, type Ledger, mapped, undecided } from "../ledger.ts";
import type { ReadContext } from "../reading.ts";
import { isLogic, repetitions } from "./conditions.ts";
import { parseIni } from "./ini.ts";
import { parseJson } from "./json.ts";
import { magicOf, replaceMagic } from "./magic.ts";
import { canonicalName } from "./option-names.ts";
import { placeholder } from "./placeholders.ts";
import type { WrittenOption } from "./written-option.ts";
import { parseXml } from "./xml.ts";
import { parseYaml } from "./yaml.ts";

export type FileFormat = "ini" | "yaml" | "json" | "xml";

/**
 * Gathers the options of one instance in uWSGI's order: files that an option names are read in its place, conditions and loops are
 * decided as they come, and variables are put in at the end.
 */
export class Gatherer {
  readonly #context: ReadContext;
  readonly #ledger: Ledger;
  readonly #options: WrittenOption[] = [];
  /** Where the first option of each name is among them. */
  readonly #firsts = new Map<string, number>();
  /** Text of each file that was read, by its path. */
  readonly #files = new Map<string, string>();
  #block: Block | null = null;
  #firstFile: string | null = null;
  #lastFile: string | null = null;
  #depth = 0;
  #loads = 0;

  constructor(context: ReadContext, ledger: Ledger) {
    this.#context = context;
    this.#ledger = ledger;
  }

  get files(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Names that stand in `%(...)` of some option, before these are put in. */
  references(): ReadonlySet<string> {
    const found = this.#options.flatMap(({ value }) => [...(value ?? "").matchAll(/%\(([^)]+)\)/g)]);
    return new Set(found.flatMap(([, inner]) => inner!.split(" ")));
  }

  add(option: WrittenOption): void {
    const name = canonicalName(option.name);
    if (name === "endif" || name === "endfor") {
      this.#ledger.say(option.place, option.name, mapped());
      this.#options.push(option);
      this.#block = null;
    } else if (this.#block !== null) this.#repeat(option, this.#block);
    else if (isLogic(name)) this.#open(option, name);
    else this.#take(option, name);
  }

  /** Reads a file: `path`, or `path:section`; `:section` is one of the file before. Returns whether it was there. */
  load(written: string, format: FileFormat, text: string | null = null): boolean {
    const colon = written.lastIndexOf(":");
    const name = colon < 0 ? written : written.slice(0, colon);
    const path = name === "" ? this.#lastFile : resolve(this.#context.directory, name);
    const section = colon < 0 || colon === written.length - 1 ? null : written.slice(colon + 1);
    const content = path === null ? null : (text ?? this.#files.get(path) ?? this.#context.readFile(path));
    if (path === null || content === null || this.#depth > DEEPEST || this.#loads >= MOST_LOADS) return false;
    this.#loads++;
    this.#files.set(path, content);
    this.#lastFile = path;
    this.#firstFile ??= name;
    const magic = magicOf(name === "" ? path : name, section ?? "", this.#firstFile, this.#context);
    this.#depth++;
    this.#parse(replaceMagic(content, magic), path, format, section);
    this.#depth--;
    return true;
  }

  /** All options with variables put in: `$(ENVIRONMENT)`, `@(file)`, then `%(option)`; what is not known stays as it is. */
  finish(): readonly WrittenOption[] {
    const passes: readonly (readonly [RegExp, (inner: string) => string | null | undefined])[] = [
      [/\$\(([^)]+)\)/g, (name) => this.#context.environment[name]],
      [
        /@\(([^)]+)\)/g,
        (path) => this.#context.readFile(resolve(this.#context.directory, path))?.replace(/\r?\n$/, ""),
      ],
      [/%\(([^)]+)\)/g, (text) => placeholder(text, (name) => this.#first(name))],
    ];
    for (const [pattern, value] of passes) {
      for (const [index, option] of this.#options.entries()) {
        if (option.value === null || !pattern.test(option.value)) continue;
        pattern.lastIndex = 0;
        const filled = option.value.replace(pattern, (found, inner: string) => value(inner) ?? found);
        this.#options[index] = { ...option, value: filled };
      }
    }
    return this.#options;
  }

  #open(option: WrittenOption, name: string): void {
    const path = (written: string): string => resolve(this.#context.directory, written);
    const values = repetitions(name, option.value ?? "", this.#context, path, (key) => this.#first(key));
    this.#block = { option, values };
    this.#options.push(option);
    const decided = values.length === 0 ? "it does not hold here" : "it holds here";
    this.#ledger.say(option.place, option.name, approximated(`decided when this is read: ${decided}`));
  }

  #repeat(option: WrittenOption, { option: condition, values }: Block): void {
    if (values.length === 0) {
      const why = `left out, as ${condition.name} = ${condition.value ?? ""} does not hold here`;
      this.#ledger.say(option.place, option.name, approximated(why));
    }
    for (const value of values)
      this.#take({ ...option, value: option.value?.replaceAll("%(_)", value) ?? null }, canonicalName(option.name));
  }

  /** Keeps an option; one that names a file or another option is carried out at once. */
  #take(option: WrittenOption, name: string): void {
    if (this.#options.length >= MOST_OPTIONS) {
      this.#ledger.say(option.place, option.name, undecided("there are too many options before it"));
      return;
    }
    if (!this.#firsts.has(option.name)) this.#firsts.set(option.name, this.#options.length);
    this.#options.push(option);
    const value = option.value ?? "";
    const format = name === "include" || name === "inherit" || name === "config" ? formatOf(value) : FORMATS[name];
    if (format !== undefined) {
      // Said before, since a file that includes itself comes by here again.
      this.#ledger.say(option.place, option.name, mapped());
      if (format === null || !this.load(value, format))
        this.#ledger.say(option.place, option.name, undecided(`${value} can't be read`));
    } else if (name === "set" || name === "set-placeholder") {
      const equals = value.indexOf("=");
      this.#ledger.say(option.place, option.name, mapped());
      this.#take(
        equals < 0
          ? { ...option, name: value, value: null }
          : { ...option, name: value.slice(0, equals), value: value.slice(equals + 1) },
        canonicalName(equals < 0 ? value : value.slice(0, equals)),
      );
    }
  }

  #parse(text: string, file: string, format: FileFormat, section: string | null): void {
    const options = format === "ini" ? this.#ini(text, file, section) : PARSERS[format](text, file, section);
    const place: Place = { file, line: 1 };
    if (options === null) {
      const why = `there is no such section in ${file}`;
      const nothing = this.#options.length === 0 && this.#depth === 1;
      this.#ledger.say(place, `[${section ?? "uwsgi"}]`, nothing ? undecided(why) : ignored(`${why}: nothing is read`));
    }
    for (const option of options ?? []) this.add(option);
    // A block does not go on in the next file.
    this.#block = null;
  }

  #ini(text: string, file: string, asked: string | null): readonly WrittenOption[] | null {
    const section = asked ?? "uwsgi";
    const first = parseIni(text, file, section);
    const meant = first.found || asked !== null ? null : likeliest(first.others);
    if (meant !== null)
      this.#say(
        { file, line: 1 },
        "[uwsgi]",
        approximated(
          `the section is missing, and uWSGI itself would read nothing: [${meant}] is taken; name another as FILE:SECTION`,
        ),
      );
    const { options, outside, others, found } = meant === null ? first : parseIni(text, file, meant);
    // A file without any section is what many guides show, and what uWSGI passes over in silence.
    const bare = !found && asked === null && others.length === 0;
    for (const { place, name } of bare ? [] : outside)
      this.#say(place, name, ignored(`it stands before [${section}]: uWSGI reads the section alone`));
    for (const other of others)
      this.#say(other.place, other.name, ignored(`it stands in [${other.section}], which was not asked for`));
    if (bare && outside.length > 0)
      this.#say(
        { file, line: 1 },
        "[uwsgi]",
        approximated("the line is missing: uWSGI itself would read nothing; it is taken as if it were there"),
      );
    return found ? options : bare ? outside : null;
  }

  /** Says what is only so as long as nothing else reads the same line. */
  #say(place: Place, name: string, outcome: ReturnType<typeof ignored>): void {
    if (!this.#ledger.has(place, name)) this.#ledger.say(place, name, outcome);
  }

  #first(name: string): string | null | undefined {
    const index = this.#firsts.get(name);
    return index === undefined ? undefined : this.#options[index]!.value;
  }
}

/** The format that a file's name stands for, or null. */
export function formatOf(name: string): FileFormat | null {
  return (
    FORMATS[
      extname(name.replace(/:[^:/]*$/, ""))
        .slice(1)
        .toLowerCase()
    ] ?? null
  );
}

// --- internal ---

/** The first section that names an app, of a file that has none for uWSGI. */
function likeliest(options: readonly { readonly name: string; readonly section: string }[]): string | null {
  return options.find(({ name }) => /^(?:module|wsgi|wsgi-file|mount|file|emperor)$/.test(name))?.section ?? null;
}

/** What stands up to `endif` or `endfor`, and what `%(_)` is in each repetition of it. */
interface Block {
  readonly option: WrittenOption;
  readonly values: readonly string[];
}

/** Files that include one another end somewhere. */
const DEEPEST = 20;
const MOST_LOADS = 200;
/** Nor does a loop make more of them than anyone writes. */
const MOST_OPTIONS = 2000;

const FORMATS: Readonly<Record<string, FileFormat>> = {
  ini: "ini",
  xml: "xml",
  yaml: "yaml",
  yml: "yaml",
  json: "json",
  js: "json",
};

const PARSERS: Readonly<
  Record<
    Exclude<FileFormat, "ini">,
    (text: string, file: string, section: string | null) => readonly WrittenOption[] | null
  >
> = {
  xml: parseXml,
  yaml: (text, file, section) => parseYaml(text, file, section ?? "uwsgi"),
  json: (text, file, section) => parseJson(text, file, section ?? "uwsgi"),
};
