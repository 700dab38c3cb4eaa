import { basename, dirname, join, resolve } from "node:path";
import { CannotTell, isList, isNamed, isTrue, type PythonValue, Raised, textOf } from "./python-value.ts";

/** What calls may ask of the machine. */
export interface PythonWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cpus: number;
  /** `__file__`, absolute. */
  readonly file: string;
  /** The current folder. */
  readonly directory: string;
  readonly exists: (path: string) => boolean;
}

export interface Arguments {
  readonly list: readonly PythonValue[];
  readonly named: ReadonlyMap<string, PythonValue>;
}

/** The result of calling what this name stands for. Throws CannotTell for all that is not listed here. */
export function callNamed(name: string, { list, named }: Arguments, world: PythonWorld): PythonValue {
  const [first = null, second = null] = list;
  switch (name) {
    case "multiprocessing.cpu_count":
    case "os.cpu_count":
    case "psutil.cpu_count":
      return world.cpus;
    case "os.sysconf":
      // Those that are there and those that run are the same to us.
      if (/^SC_NPROCESSORS_(?:ONLN|CONF)$/.test(textOf(first))) return world.cpus;
      break;
    case "os.sched_getaffinity":
      return Array.from({ length: world.cpus }, (_, cpu) => cpu);
    case "os.environ.get":
    case "os.getenv":
      return world.environment[textOf(first)] ?? second ?? named.get("default") ?? null;
    case "decouple.config":
      return decoupled(first, named, world);
    case "distutils.util.strtobool":
    case "setuptools.distutils.util.strtobool":
    case "setuptools._distutils.util.strtobool":
      return truth(textOf(first)) ? 1 : 0;
    case "os.getcwd":
      return world.directory;
    case "os.path.join":
      return list.map(textOf).reduce((path, part) => (part.startsWith("/") ? part : join(path, part)));
    case "os.path.dirname":
      return dirname(textOf(first));
    case "os.path.basename":
      return basename(textOf(first));
    case "os.path.abspath":
    case "os.path.realpath":
      return resolve(world.directory, textOf(first));
    case "os.path.exists":
    case "os.path.isfile":
    case "os.path.isdir":
      return world.exists(resolve(world.directory, textOf(first)));
    case "int":
      return integer(first);
    case "float":
      return number(first);
    case "str":
      return textOf(first);
    case "bool":
      return isTrue(first);
    case "len":
      if (isList(first) || typeof first === "string") return first.length;
      break;
    case "abs":
      return Math.abs(number(first));
    case "round":
      return Math.round(number(first));
    case "max":
    case "min": {
      const values = (list.length === 1 && isList(first) ? first : list).map(number);
      return name === "max" ? Math.max(...values) : Math.min(...values);
    }
    case "list":
    case "tuple":
      if (isList(first)) return first;
      break;
    case "dict":
      return named;
  }
  throw new CannotTell(`what ${name}() returns`);
}

/** The result of a method of a text. */
export function callMethod(subject: PythonValue, method: string, { list, named }: Arguments): PythonValue {
  if (subject instanceof Map && method === "get") return subject.get(textOf(list[0] ?? null)) ?? list[1] ?? null;
  if (typeof subject !== "string") throw new CannotTell(`what .${method}() returns`);
  const [first = null, second = null] = list;
  switch (method) {
    case "lower":
      return subject.toLowerCase();
    case "upper":
      return subject.toUpperCase();
    case "strip":
      return subject.trim();
    case "split":
      return first === null ? subject.split(/\s+/).filter((word) => word !== "") : subject.split(textOf(first));
    case "replace":
      return subject.replaceAll(textOf(first), textOf(second));
    case "startswith":
      return subject.startsWith(textOf(first));
    case "endswith":
      return subject.endsWith(textOf(first));
    case "isdigit":
      return /^\d+$/.test(subject);
    case "join":
      if (isList(first)) return first.map(textOf).join(subject);
      break;
    case "format":
      return formatBraces(subject, list, named);
  }
  throw new CannotTell(`what .${method}() returns`);
}

export function number(value: PythonValue): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const parsed = typeof value === "string" && value.trim() !== "" ? Number(value.replaceAll("_", "")) : Number.NaN;
  if (Number.isNaN(parsed))
    throw new Raised(typeof value === "string" ? "ValueError" : "TypeError", "a number of something that is none");
  return parsed;
}

// --- internal ---

/** `config("WORKERS", default=4, cast=int)` of python-decouple, as far as the environment answers it. */
function decoupled(
  name: PythonValue,
  named: ReadonlyMap<string, PythonValue>,
  { environment }: PythonWorld,
): PythonValue {
  const value = environment[textOf(name)] ?? named.get("default");
  // What is not in the environment may be in a settings file of its own.
  if (value === undefined) throw new CannotTell(`the setting ${textOf(name)}, which is not in the environment,`);
  const cast = named.get("cast");
  if (cast === undefined || value === null) return value;
  if (isNamed(cast) && cast.named === "int") return integer(value);
  if (isNamed(cast) && cast.named === "float") return number(value);
  if (isNamed(cast) && cast.named === "str") return textOf(value);
  if (isNamed(cast) && cast.named === "bool") return typeof value === "boolean" ? value : truth(textOf(value));
  throw new CannotTell(`what the cast of ${textOf(name)} makes of it`);
}

/** As distutils and python-decouple read a switch. */
function truth(text: string): boolean {
  if (/^(?:y|yes|t|true|on|1)$/i.test(text)) return true;
  if (/^(?:n|no|f|false|off|0)$/i.test(text)) return false;
  throw new CannotTell(`whether "${text}" is on`);
}

function integer(value: PythonValue): number {
  return Math.trunc(number(value));
}

/** `"{}:{port}".format(...)`, without format specifications. */
function formatBraces(text: string, list: readonly PythonValue[], named: ReadonlyMap<string, PythonValue>): string {
  let next = 0;
  return text.replace(/\{\{|\}\}|\{(\w*)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole[0]!;
    const value = name === "" ? list[next++] : /^\d+$/.test(name) ? list[Number(name)] : named.get(name);
    if (value === undefined || isNamed(value)) throw new CannotTell(`the value of {${name}}`);
    return textOf(value);
  });
}
