import { isAbsolute, resolve } from "node:path";
import { ProblemList, PropylonError } from "../base/errors.ts";
import { overlay } from "./overlay.ts";
import { readValue } from "./read.ts";
import { fromValue, type Origin, type Path, type Sourced, valueAt } from "./sourced.ts";

/** What the command line overrides. Relative paths start from the current folder. */
export interface Flags {
  /** `--listen`, which may be given several times; replaces all listeners. */
  readonly listen?: readonly string[];
  /** `--workers`, `--threads`, `--python`: of every app. */
  readonly workers?: string | number;
  readonly threads?: string | number;
  readonly python?: string;
  /** `--interface`: of every app. */
  readonly interface?: string;
  readonly admin?: string;
  readonly accessLog?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  /** `--set key=value`, such as `apps.person.workers=4`. */
  readonly set?: readonly string[];
  /** `propylon dev`: every app with one worker, reload on save and tracebacks in the browser; other flags win over it. */
  readonly dev?: boolean;
}

/** The document with the flags over it. Throws for a `--set` that can't be read. */
export function applyFlags(document: Sourced, flags: Flags, directory: string): Sourced {
  let result = document;
  const put = (path: Path, value: unknown, name: string): void => {
    result = overlay(result, path, fromValue(value, flagOrigin(name)));
  };
  const putInApps = (key: string, value: unknown, name: string): void => {
    for (const app of appNames(result)) put(["apps", app, key], value, name);
  };
  if (flags.dev === true) {
    putInApps("workers", 1, "propylon dev");
    putInApps("reload", true, "propylon dev");
    putInApps("tracebacks", true, "propylon dev");
  }
  if (flags.listen !== undefined && flags.listen.length > 0)
    put(
      ["listeners"],
      flags.listen.map((address) => absoluteSocket(address, directory)),
      "--listen",
    );
  if (flags.workers !== undefined) putInApps("workers", flags.workers, "--workers");
  if (flags.threads !== undefined) putInApps("threads", flags.threads, "--threads");
  if (flags.python !== undefined) putInApps("python", absolutePython(flags.python, directory), "--python");
  if (flags.interface !== undefined) putInApps("interface", flags.interface, "--interface");
  if (flags.admin !== undefined) put(["admin"], absoluteSocket(flags.admin, directory), "--admin");
  if (flags.accessLog !== undefined)
    put(accessLogPath(result), flags.accessLog === "-" ? "-" : resolve(directory, flags.accessLog), "--access-log");
  if (flags.logLevel !== undefined) put(["log", "level"], flags.logLevel, "--log-level");
  if (flags.logFormat !== undefined) put(["log", "format"], flags.logFormat, "--log-format");
  for (const assignment of flags.set ?? []) result = applySet(result, assignment);
  return result;
}

/** Takes `apps.person.workers`, `sites[0].hosts` or `sites.0.hosts` apart; null when it is not such a name. */
export function parsePath(text: string): Path | null {
  const steps = [...text.matchAll(/\.?(?:([^.[\]"]+)|"([^"]*)"|\[(\d+)\])/gy)];
  if (
    steps.length === 0 ||
    steps.reduce((length, step) => length + step[0].length, 0) !== text.length ||
    text.startsWith(".")
  )
    return null;
  return steps.map((step) => (step[3] === undefined ? (step[1] ?? step[2])! : Number(step[3])));
}

function applySet(document: Sourced, assignment: string): Sourced {
  const equals = assignment.indexOf("=");
  // Its value stays out of the origin, for it may be a secret.
  const origin = flagOrigin(`--set ${assignment.slice(0, equals)}`);
  const path = equals < 0 ? null : parsePath(assignment.slice(0, equals).trim());
  if (path === null) {
    throw new ProblemList([
      new PropylonError("user", `"${assignment.split("=")[0]}" is not a setting with its value`, {
        place: { file: "--set" },
        remedy: "write it as --set apps.person.workers=4",
      }),
    ]);
  }
  return overlay(document, path, readValue(assignment.slice(equals + 1), origin));
}

function appNames(document: Sourced): readonly string[] {
  const apps = valueAt(document, ["apps"]);
  return apps?.kind === "map"
    ? [...apps.entries].filter(([, entry]) => entry.node.kind === "map").map(([name]) => name)
    : [];
}

// A section keeps its format; the short form is replaced as a whole.
function accessLogPath(document: Sourced): Path {
  return valueAt(document, ["access_log"])?.kind === "map" ? ["access_log", "path"] : ["access_log"];
}

function absoluteSocket(address: string, directory: string): string {
  return address.startsWith("unix:") && !isAbsolute(address.slice(5))
    ? `unix:${resolve(directory, address.slice(5))}`
    : address;
}

// `python3.12` is a command to look for; `./venv` and `venv/bin/python` are paths.
function absolutePython(python: string, directory: string): string {
  return python.includes("/") || python.startsWith(".") ? resolve(directory, python) : python;
}

function flagOrigin(name: string): Origin {
  return { layer: "flag", place: { file: name } };
}
