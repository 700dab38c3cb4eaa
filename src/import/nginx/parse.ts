import path from "node:path";
import { describePlace, type Place, ProblemList, PropylonError } from "../../base/errors.ts";
import type { ReadContext, Verdict } from "../reading.ts";
import { BUILT_IN_FILES } from "./built-in-files.ts";
import {
  CLOSED_BLOCKS,
  type Context,
  complaint,
  isKnown,
  isOnce,
  mayStandIn,
  suggestion,
  TABLE_BLOCKS,
} from "./directives.ts";
import { flattenTemplate, type Tag } from "./template-tags.ts";
import { type Statement, Tokens, type Word } from "./tokens.ts";
import { REFUSED } from "./translation.ts";
import type { Directive, Parsed } from "./tree.ts";

const MAX_DEPTH = 16;
/** In how many folders, from that of the file upwards, a missing include is looked for. */
const FOLDERS_ABOVE = 3;
const PLACEHOLDER = "a template fills something in here: do that before NGINX or Propylon reads it";
/** How NGINX names the place of what `-g` says. */
const COMMAND_LINE = "command line";
const TEMPLATE_TAG =
  "the file is a template: of each choice the first branch is read, and each loop once; what the template makes may differ";
const TEMPLATE_INCLUDE = "what the template brings in here is not read: give the file that the template makes";
const OTHER_BRANCH = "it stands in another branch of a template than the one that is read";

export interface ParseOptions {
  /** Where relative includes start: the folder of the main file. */
  readonly configurationFolder: string;
  /** Refuse what NGINX refuses although it may be right elsewhere: an include without a file, a file that is a fragment. */
  readonly strict: boolean;
  /** Directives that stand before the file's (`nginx -g`). */
  readonly extra: string;
}

/**
 * Reads a configuration with what it includes. Throws a ProblemList in NGINX's words, each problem at its place, for broken
 * syntax, and with `strict` for all else that NGINX would not start with.
 */
export function parseConfiguration(file: string, text: string, machine: ReadContext, options: ParseOptions): Parsed {
  const run = new Run(machine, options);
  const extra = options.extra === "" ? [] : run.statements(COMMAND_LINE, options.extra, 0);
  const statements = [...extra, ...run.statements(file, text, 0)];
  if (run.problems.length > 0) throw new ProblemList(run.problems);
  const context = options.strict ? "M" : contextOf(statements);
  const directives = run.checked(statements, context);
  if (options.strict && !directives.some((directive) => directive.name === "events"))
    run.problems.push(new PropylonError("user", 'no "events" section in configuration'));
  if (run.problems.length > 0) throw new ProblemList(run.problems);
  return { directives, context, files: run.files };
}

// --- internal ---

class Run {
  readonly problems: PropylonError[] = [];
  readonly files: { path: string; text: string }[] = [];
  /** Included files that are not there, and where each was asked for first. */
  readonly #missing = new Map<string, Place>();
  readonly #machine: ReadContext;
  readonly #options: ParseOptions;

  constructor(machine: ReadContext, options: ParseOptions) {
    this.#machine = machine;
    this.#options = options;
  }

  statements(file: string, text: string, depth: number): Directive[] {
    if (file !== COMMAND_LINE) this.files.push({ path: file, text });
    try {
      return this.#text(file, text, depth, false);
    } catch (error) {
      if (!(error instanceof PropylonError)) throw error;
      this.problems.push(error);
      return [];
    }
  }

  /**
   * Finds what stands where it may not, is unknown or has the wrong number of arguments: a problem with `strict`, else its fate.
   */
  checked(directives: readonly Directive[], context: Context): Directive[] {
    const seen = new Set<string>();
    return directives.flatMap((directive) => {
      const { name, args, block } = directive;
      if (directive.fate !== null) return [directive];
      const texts = args.map((word) => word.text);
      const isSecond = isOnce(name, context) && seen.has(name) && !directive.builtIn;
      seen.add(name);
      const wrong =
        complaint(name, texts, block !== null, context) ?? (isSecond ? `"${name}" directive is duplicate` : null);
      if (wrong !== null) return this.#refused(directive, wrong, context);
      if (block === null || TABLE_BLOCKS.has(name) || CLOSED_BLOCKS.has(name)) return [directive];
      return [{ ...directive, block: this.checked(block, innerContext(name, context)) }];
    });
  }

  #refused(directive: Directive, wrong: string, context: Context): Directive[] {
    const remedy = wrong.startsWith("unknown") ? suggestion(directive.name) : undefined;
    if (this.#options.strict)
      this.problems.push(
        new PropylonError("user", wrong, { place: directive.place, ...(remedy === undefined ? {} : { remedy }) }),
      );
    const refused = decision(directive, `${REFUSED}: ${wrong}${remedy === undefined ? "" : ` (${remedy})`}`);
    // Where a semicolon is missing, what was meant as the next directive has become a word of this one.
    const at = directive.args.findIndex(
      (word) =>
        word.place.line! > directive.place.line! &&
        !word.quoted &&
        mayStandIn(word.text, context) &&
        isKnown(word.text),
    );
    if (at < 0 || this.#options.strict) return [refused];
    const { text, place } = directive.args[at]!;
    const next = { ...directive, name: text, place, args: directive.args.slice(at + 1) };
    return [{ ...refused, args: directive.args.slice(0, at), block: null }, ...this.checked([next], context)];
  }

  #block(tokens: Tokens, inside: boolean, depth: number, isTable: boolean, builtIn = false): Directive[] {
    const result: Directive[] = [];
    for (;;) {
      const statement = tokens.next();
      const [head, ...args] = statement.words;
      if (statement.ending === "end") {
        if (inside) throw refusal(`unexpected end of file, expecting "}"`, statement.place);
        return result;
      }
      if (statement.ending === "close") {
        if (!inside) throw refusal(`unexpected "}"`, statement.place);
        return result;
      }
      const directive = this.#directive(tokens, statement, head!, args, depth, isTable, builtIn);
      const isInclude = directive.name === "include" && directive.block === null && args.length === 1;
      result.push(...(isInclude ? this.#included(directive, depth, isTable) : [directive]));
    }
  }

  #directive(
    tokens: Tokens,
    statement: Statement,
    head: Word,
    args: readonly Word[],
    depth: number,
    isTable: boolean,
    builtIn: boolean,
  ): Directive {
    const { text: name, place } = head;
    const plain = { name, args, place, block: null, builtIn, fate: null };
    if (statement.ending === "placeholder") return decision(plain, PLACEHOLDER);
    if (statement.ending !== "open") return plain;
    if (/_by_lua_block$/.test(name)) {
      tokens.rawBlock();
      return plain;
    }
    const table = isTable || TABLE_BLOCKS.has(name);
    return { ...plain, block: this.#block(tokens, true, depth, table, builtIn) };
  }

  /** The include itself, its fate noted, and what it reads. */
  #included(directive: Directive, depth: number, isTable: boolean): Directive[] {
    const pattern = directive.args[0]!.text;
    const full = path.resolve(this.#options.configurationFolder, pattern);
    if (depth >= MAX_DEPTH) return [decision(directive, `nested more than ${MAX_DEPTH} deep, not read`)];
    if (/[*?[]/.test(pattern)) {
      const found = this.#machine.glob(full);
      const note = found.length === 0 ? `nothing matches ${full}` : `${found.length} found`;
      return [mapped(directive, note), ...found.flatMap((file) => this.#file(file, depth, isTable) ?? [])];
    }
    for (const candidate of [full, ...this.#nearby(pattern, directive.place.file)]) {
      const content = this.#file(candidate, depth, isTable);
      if (content !== null) return [mapped(directive, candidate === full ? "" : `read from ${candidate}`), ...content];
    }
    const known = BUILT_IN_FILES[path.basename(pattern)];
    if (this.#options.strict)
      this.problems.push(refusal(`open() "${full}" failed (2: No such file or directory)`, directive.place));
    if (known === undefined || this.#options.strict) {
      const before = this.#missing.get(full);
      if (before !== undefined)
        return [fixed(directive, "approximated", `${full} is missing here too (${describePlace(before)})`)];
      this.#missing.set(full, directive.place);
      const note = `${full} can't be read, so what it holds is missing; NGINX would not start without it`;
      return [decision(directive, note)];
    }
    const text = new Tokens(path.basename(pattern), known);
    return [
      mapped(directive, `${full} can't be read; the usual content of such a file is taken`),
      ...this.#block(text, false, depth + 1, isTable, true),
    ];
  }

  /**
   * Where an included file may be that is not where NGINX would look: a configuration that lies in a project, and not yet in /etc/nginx,
   * has its parts beside it or beside one of the folders above, under the end of the name that they will have.
   */
  #nearby(pattern: string, from: string | undefined): string[] {
    if (this.#options.strict || from === undefined || pattern.includes("$")) return [];
    const folders: string[] = [];
    for (let folder = path.dirname(from); folders.length < FOLDERS_ABOVE; folder = path.dirname(folder)) {
      folders.push(folder);
      if (folder === path.dirname(folder)) break;
    }
    const parts = pattern.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) return [];
    return parts.flatMap((_, at) => folders.map((folder) => path.join(folder, ...parts.slice(at))));
  }

  #file(file: string, depth: number, isTable: boolean): Directive[] | null {
    const text = this.#machine.readFile(file);
    if (text === null) return null;
    this.files.push({ path: file, text });
    return this.#text(file, text, depth + 1, isTable);
  }

  /** The statements of a file, with a line for the tags of a template that were taken out. */
  #text(file: string, text: string, depth: number, isTable: boolean): Directive[] {
    const flat = this.#options.strict ? null : flattenTemplate(text);
    const read = this.#block(new Tokens(file, flat?.text ?? text), false, depth, isTable);
    if (flat === null || flat.first === null) return read;
    const tags = [
      fated(file, flat.first, "approximated", TEMPLATE_TAG),
      ...flat.includes.map((tag) => fated(file, tag, "needs-a-decision", TEMPLATE_INCLUDE)),
      ...flat.passedOver
        .filter((tag) => isKnown(tag.text))
        .map((tag) => fated(file, tag, "approximated", OTHER_BRANCH)),
    ];
    return tags.reduce(placed, read);
  }
}

/** Directives with one more, where its line is in their file: in the block that begins before it, if there is one. */
function placed(directives: readonly Directive[], one: Directive): Directive[] {
  const { file, line } = one.place;
  const next = directives.findIndex(({ place }) => place.file === file && place.line! > line!);
  const at = next < 0 ? directives.length : next;
  const before = directives[at - 1];
  const isOpen =
    before?.block != null &&
    before.place.file === file &&
    !TABLE_BLOCKS.has(before.name) &&
    !CLOSED_BLOCKS.has(before.name);
  if (isOpen) return directives.toSpliced(at - 1, 1, { ...before, block: placed(before.block, one) });
  return directives.toSpliced(at, 0, one);
}

/** A tag of a template as a line of the report. */
function fated(file: string, tag: Tag, verdict: "approximated" | "needs-a-decision", note: string): Directive {
  const place = { file, line: tag.line, column: tag.column };
  return { name: tag.text, args: [], place, block: null, builtIn: false, fate: { verdict, note } };
}

function mapped(directive: Directive, note: string): Directive {
  return fixed(directive, "mapped", note);
}

function decision(directive: Directive, note: string): Directive {
  return fixed(directive, "needs-a-decision", note);
}

function fixed(directive: Directive, verdict: Verdict, note: string): Directive {
  return { ...directive, fate: { verdict, note } };
}

function refusal(message: string, place: Place): PropylonError {
  return new PropylonError("user", message, { place });
}

/** What a file without its surroundings is a part of: the outermost context that all of its directives may stand in. */
function contextOf(directives: readonly Directive[]): Context {
  const names = directives.filter((one) => one.fate === null);
  const blocks = new Set(names.filter((one) => one.block !== null).map((one) => one.name));
  if (blocks.has("http") || blocks.has("events") || blocks.has("stream") || blocks.has("mail")) return "M";
  if (blocks.has("server") || blocks.has("upstream")) return "H";
  const fitting = (["M", "H", "S", "L", "U"] as const).map((context) => ({
    context,
    count: names.filter((one) => mayStandIn(one.name, context)).length,
  }));
  const most = Math.max(...fitting.map((one) => one.count));
  if (blocks.has("location")) return "S";
  return (fitting.find((one) => one.context !== "M" && one.count === most) ?? fitting[0]!).context;
}

/** The context inside of a block. */
function innerContext(name: string, outer: Context): Context {
  switch (name) {
    case "events":
      return "E";
    case "http":
      return "H";
    case "server":
      return "S";
    case "upstream":
      return "U";
    case "if":
      return outer === "S" ? "I" : "J";
    case "limit_except":
      return "X";
    default:
      return "L";
  }
}
