import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { hasCode, ProblemList, PropylonError } from "../base/errors.ts";
import { type Disk, realDisk } from "./disk.ts";
import { applyEnvironment } from "./environment-layer.ts";
import { applyFlags, type Flags } from "./flags.ts";
import { interpolate } from "./interpolate.ts";
import { merge } from "./merge.ts";
import type { Config } from "./model.ts";
import { addSchemaProblems, Problems } from "./problems.ts";
import { applyProfile, type ProfileChoice, profileNames } from "./profiles.ts";
import { prune } from "./prune.ts";
import { readYaml } from "./read.ts";
import { resolveSettings } from "./resolve.ts";
import type { ResolveContext } from "./resolve-app.ts";
import { settingsSchema } from "./schema.ts";
import {
  emptyMap,
  fromValue,
  mapScalars,
  type Origin,
  type Path,
  type Sourced,
  scalar,
  toPlain,
  valueAt,
} from "./sourced.ts";

export interface LoadOptions {
  /** propylon.yaml, or a folder that holds one; null when the configuration is given as `document`. */
  readonly file: string | null;
  /** A configuration built in code, see {@link configForApp}. */
  readonly document?: unknown;
  /** What errors call the `document`; `command line` when left out. */
  readonly source?: string;
  /** `--profile`; null: `PROPYLON_PROFILE`. */
  readonly profile: string | null;
  /** The profile when neither names one; unlike those it need not exist. */
  readonly defaultProfile?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: Flags;
  /** The current folder: where a relative `file` and paths in flags start, and paths of a `document`. */
  readonly directory: string;
  /** Whether an unset `${VAR}` is an error (the default), or a warning: for a profile that is checked but not in use. */
  readonly missingVariables?: "error" | "warn";
  /** The file system; the real one when left out. */
  readonly disk?: Disk;
}

/** An effective configuration with what `explain` needs to know of it. */
export interface LoadedConfig {
  readonly config: Config;
  /** The settings in effect with their origins, without defaults. */
  readonly origins: Sourced;
  readonly warnings: readonly PropylonError[];
  /** Absolute path of the file, or null. */
  readonly file: string | null;
}

/** What a configuration is, or what is wrong with it. */
export interface Inspection {
  readonly loaded: LoadedConfig | null;
  /** In the order of the file; empty when it is loaded. */
  readonly errors: readonly PropylonError[];
  readonly warnings: readonly PropylonError[];
  /** Absolute path of the file, or null. */
  readonly file: string | null;
  /** The profiles that it defines, as far as it could be read. */
  readonly profiles: readonly string[];
}

/**
 * Reads the layers (defaults < file < profile < PROPYLON_* < flags) into one effective configuration. Throws a ProblemList
 * with everything that is wrong, each at its place.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { loaded, errors } = inspectConfig(options);
  if (loaded === null) throw new ProblemList(errors);
  return loaded;
}

/** The same without throwing, for those who want the warnings of a wrong configuration too. */
export function inspectConfig(options: LoadOptions): Inspection {
  try {
    return inspect(options);
  } catch (error) {
    if (error instanceof ProblemList)
      return { loaded: null, errors: error.problems, warnings: [], file: null, profiles: [] };
    throw error;
  }
}

/** A file as messages show it: relative to the current folder when it is in it. */
export function shownPath(path: string, directory: string): string {
  const short = relative(directory, path);
  return short === "" || short.startsWith("..") ? path : short;
}

function inspect(options: LoadOptions): Inspection {
  const { environment, flags } = options;
  const directory = resolve(options.directory);
  const file = options.file === null ? null : findFile(resolve(directory, options.file));
  const source = file === null ? (options.source ?? "command line") : shownPath(file, directory);
  const origin: Origin = { layer: "config", place: { file: source } };
  const written = file === null ? fromValue(options.document ?? {}, origin) : readFile(file, origin);
  const choice = chooseProfile(options);
  const profiled = merge(emptyMap(origin), file === null ? written : applyProfile(written, choice));
  const interpolated = interpolateAll(profiled, environment);
  const overlaid = applyEnvironment(interpolated.document, environment);
  const document = merge(emptyMap(origin), applyFlags(overlaid.document, flags, directory));
  const problems = new Problems(document);
  const missing = options.missingVariables === "warn" ? problems.warnings : problems.errors;
  missing.push(...interpolated.problems);
  problems.warnings.push(...overlaid.warnings);
  const context = { directory: file === null ? directory : dirname(file), disk: options.disk ?? realDisk, problems };
  const config = validate(document, choice.name, context, interpolated.paths);
  const { warnings } = problems;
  const complete = config !== null && problems.errors.length === 0 && interpolated.problems.length === 0;
  return {
    loaded: complete ? { config, origins: document, warnings, file } : null,
    errors: inOrder(problems.errors),
    warnings,
    file,
    profiles: profileNames(written),
  };
}

/**
 * Checks against the schema, and what it takes against the rules of resolve, so that one run shows every problem.
 *
 * @param unknown settings whose value is not known, since a variable is missing; nothing can be said about those
 */
function validate(
  document: Sourced,
  profile: string,
  context: ResolveContext,
  unknown: readonly Path[],
): Config | null {
  const { problems } = context;
  const plain = toPlain(document);
  const appNames = new Set(namesOf(document, ["apps"]));
  const result = settingsSchema.safeParse(plain);
  if (result.success && unknown.length === 0) return resolveSettings(result.data, profile, appNames, context);
  const issues = result.success ? [] : result.error.issues;
  const found = new Problems(document);
  const refused = addSchemaProblems(issues, document, found);
  problems.addAllExcept(found, (path) => unknown.some((cut) => startsWith(path, cut)));
  const rest = prune(plain, (candidate) => settingsSchema.safeParse(candidate), issues);
  if (rest === null) return null;
  const further = new Problems(document);
  resolveSettings(rest.settings, profile, appNames, { ...context, problems: further });
  // What the schema refused was cut out; a rule that misses it has nothing to say.
  const cuts = [...refused, ...rest.removed, ...unknown];
  problems.addAllExcept(further, (path) => cuts.some((cut) => startsWith(cut, path) || startsWith(path, cut)));
  return null;
}

function chooseProfile({ profile, environment, defaultProfile }: LoadOptions): ProfileChoice {
  if (profile !== null) return { name: profile, origin: { layer: "flag", place: { file: "--profile" } } };
  const named = environment["PROPYLON_PROFILE"];
  if (named !== undefined && named !== "")
    return { name: named, origin: { layer: "environment", place: { file: "environment PROPYLON_PROFILE" } } };
  return { name: defaultProfile ?? "", origin: null };
}

interface Interpolated {
  readonly document: Sourced;
  readonly problems: readonly PropylonError[];
  /** Where the problems are. */
  readonly paths: readonly Path[];
}

function interpolateAll(document: Sourced, environment: LoadOptions["environment"]): Interpolated {
  const found = new Problems(document);
  const paths: Path[] = [];
  const result = mapScalars(document, (node, path) => {
    if (typeof node.value !== "string") return node;
    const { text, problems } = interpolate(node.value, environment);
    for (const { message, remedy } of problems) found.error(path, message, { remedy });
    if (problems.length > 0) paths.push(path);
    return text === node.value ? node : scalar(text, node.origin);
  });
  return { document: result, problems: found.errors, paths };
}

/** A folder stands for the propylon.yaml in it. */
function findFile(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, "propylon.yaml") : path;
}

function readFile(path: string, origin: Origin): Sourced {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const why = hasCode(cause, "ENOENT")
      ? "there is no such file"
      : hasCode(cause, "EACCES")
        ? "we may not read it"
        : cause instanceof Error
          ? cause.message
          : String(cause);
    throw new ProblemList([new PropylonError("user", `Cannot read ${path}: ${why}`, { cause })]);
  }
  try {
    return readYaml(new TextDecoder("utf-8", { fatal: true }).decode(bytes), origin);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ProblemList([new PropylonError("user", "This file is not UTF-8 text", { place: origin.place, cause })]);
  }
}

function namesOf(document: Sourced, path: Path): readonly string[] {
  const node = valueAt(document, path);
  return node?.kind === "map" ? [...node.entries.keys()] : [];
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, index) => path[index] === step);
}

/** By file, line and column: the order in which a person mends them. */
function inOrder(problems: readonly PropylonError[]): readonly PropylonError[] {
  const key = ({ place }: PropylonError): readonly [string, number, number] => [
    place?.file ?? "",
    place?.line ?? 0,
    place?.column ?? 0,
  ];
  return problems.toSorted((a, b) => {
    const [[fileA, lineA, columnA], [fileB, lineB, columnB]] = [key(a), key(b)];
    return fileA === fileB ? lineA - lineB || columnA - columnB : fileA < fileB ? -1 : 1;
  });
}
