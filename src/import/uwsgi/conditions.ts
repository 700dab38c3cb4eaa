import type { ReadContext } from "../reading.ts";

/** Options that decide about, or repeat, what stands up to `endif` or `endfor`. */
export function isLogic(name: string): boolean {
  return Object.hasOwn(LOGIC, name);
}

/**
 * What `%(_)` stands for in each repetition of the block behind this option: one value for a condition that holds, none for one that
 * doesn't.
 *
 * @param option finds the first value of an option read so far
 */
export function repetitions(
  name: string,
  argument: string,
  context: ReadContext,
  path: (written: string) => string,
  option: (name: string) => string | null | undefined,
): readonly string[] {
  return LOGIC[name]!(argument, { context, path, option });
}

// --- internal ---

interface Known {
  readonly context: ReadContext;
  readonly path: (written: string) => string;
  readonly option: (name: string) => string | null | undefined;
}
type Logic = (argument: string, known: Known) => readonly string[];

/** The value that `NAME` or `NAME=VALUE` finds, or null. */
function lookUp(argument: string, value: (name: string) => string | null | undefined): string | null {
  const equals = argument.indexOf("=");
  const found = value(equals < 0 ? argument : argument.slice(0, equals));
  if (found === undefined) return null;
  return equals < 0 || argument.slice(equals + 1) === found ? (found ?? "") : null;
}

const when = (holds: boolean, value: string): readonly string[] => (holds ? [value] : []);
const environment: Logic = (argument, { context }) => {
  const found = lookUp(argument, (name) => context.environment[name]);
  return found === null ? [] : [found];
};
const option: Logic = (argument, { option: find }) => {
  const found = lookUp(argument, find);
  return found === null ? [] : [found];
};
const exists: Logic = (argument, { context, path }) =>
  when(context.isFile(path(argument)) || context.isDirectory(path(argument)), argument);
const file: Logic = (argument, { context, path }) => when(context.isFile(path(argument)), argument);
const folder: Logic = (argument, { context, path }) => when(context.isDirectory(path(argument)), argument);
const host: Logic = (argument, { context }) => when(context.environment["HOSTNAME"] === argument, argument);
const hostMatches: Logic = (argument, { context }) => {
  try {
    return when(new RegExp(argument).test(context.environment["HOSTNAME"] ?? ""), argument);
  } catch {
    return []; // no pattern: nothing matches it
  }
};
const python: Logic = (argument) => when(/^(?:python|http|router_)/.test(argument), argument);
const never: Logic = () => [];
const not =
  (logic: Logic): Logic =>
  (argument, known) =>
    when(logic(argument, known).length === 0, argument);

const LOGIC: Readonly<Record<string, Logic>> = {
  "if-env": environment,
  "if-not-env": not(environment),
  "if-opt": option,
  "if-not-opt": not(option),
  "if-exists": exists,
  "if-not-exists": not(exists),
  "if-file": file,
  "if-not-file": not(file),
  "if-dir": folder,
  "if-not-dir": not(folder),
  "if-hostname": host,
  "if-not-hostname": not(host),
  "if-hostname-match": hostMatches,
  "if-not-hostname-match": not(hostMatches),
  "if-plugin": python,
  "if-not-plugin": not(python),
  "if-reload": never,
  "if-not-reload": not(never),
  for: (argument) => argument.split(/\s+/).filter((word) => word !== ""),
  "for-glob": (argument, { context, path }) => context.glob(path(argument)),
  "for-times": (argument) => Array.from({ length: Math.min(Number(argument) || 0, 1000) }, (_, at) => String(at + 1)),
  "for-readline": (argument, { context, path }) =>
    (context.readFile(path(argument)) ?? "").split("\n").filter((line) => line !== ""),
};
