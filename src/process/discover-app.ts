import fs from "node:fs";
import path from "node:path";
import { PropylonError } from "../base/errors.ts";
import { type Binding, topLevelBindings } from "./python-source.ts";

/** An app found in a folder. */
export interface DiscoveredApp {
  /** `app:app`, `shop.wsgi:application`, `create:create_app()`, or the absolute path of a `.wsgi` script. */
  readonly target: string;
  /** Where it was seen: `app.py, line 7`. */
  readonly seen: string;
}

/** Modules that are there to be served, best first: when one has an app, the others don't count. */
const ENTRIES = ["wsgi", "asgi"];
/** Modules that hold an app by custom. */
const MODULES = [...ENTRIES, "app", "main", "application", "server", "run"];
/** Names of apps, and of what makes one, best first. */
const APPS = ["application", "app", "server"];
const FACTORIES = ["create_app", "make_app"];

/**
 * Finds the app of a folder by reading, not running, its files: a Django project's by manage.py, else the names above at the top
 * of the modules above, else the only `.wsgi` script. Throws with what was looked at when there is none, or more than one.
 */
export function discoverApp(directory: string): DiscoveredApp {
  const django = djangoApp(directory);
  if (django !== null) return django;
  const findings = MODULES.flatMap((module) => findIn(directory, module) ?? []);
  const found = best(findings.flatMap(({ candidate }) => candidate ?? []));
  if (found.length === 1) return found[0]!;
  const scripts = found.length > 0 ? [] : scriptsIn(directory);
  if (scripts.length === 1) return scripts[0]!;
  const several = [...found, ...scripts];
  if (several.length > 1) throw ambiguous(directory, several);
  throw nothing(directory, findings);
}

/** The app in this one module file of a folder, `app.py`. Throws when it has none. */
export function discoverAppIn(directory: string, file: string): DiscoveredApp {
  const finding = findIn(directory, file.replace(/\.py$/, ""));
  if (finding?.candidate) return finding.candidate;
  const missed = finding?.missed.join("; ") || `looked for ${[...APPS, ...FACTORIES].join(", ")} at its top level`;
  throw new PropylonError("user", `No app in ${path.join(directory, file)}: ${missed}`, {
    remedy: `name it: propylon ${file.replace(/\.py$/, "")}:CALLABLE`,
  });
}

/** A target as it is typed into a shell in that folder. */
export function typedTarget(directory: string, target: string): string {
  if (path.isAbsolute(target)) return `./${path.relative(directory, target)}`;
  return target.endsWith("()") ? `'${target}'` : target;
}

// --- internal ---

interface Candidate extends DiscoveredApp {
  readonly file: string;
  readonly kind: "app" | "factory";
  /** It is of another module, and only passed on by this one. */
  readonly imported: boolean;
}

/** What one file has. */
interface Finding {
  readonly file: string;
  readonly candidate: Candidate | null;
  /** What looks like an app and can't be served, with the reason. */
  readonly missed: readonly string[];
}

/** Python takes a package before a module of the same name. */
function findIn(directory: string, module: string): Finding | null {
  for (const file of [path.join(module, "__init__.py"), `${module}.py`]) {
    const text = read(path.join(directory, file));
    if (text !== null) return examine(file, module, topLevelBindings(text));
  }
  return null;
}

function examine(file: string, module: string, bindings: readonly Binding[]): Finding {
  const missed: string[] = [];
  const last = (name: string): Binding | undefined => bindings.findLast((one) => one.name === name && !isPlain(one));
  const candidateOf = (binding: Binding, target: string, kind: Candidate["kind"]): Candidate => ({
    target: `${module}:${target}`,
    seen: `${file}, line ${binding.line}`,
    file,
    kind,
    imported: binding.kind === "imported",
  });
  const miss = (binding: Binding, why: string): void => {
    missed.push(`${binding.name} (${file}, line ${binding.line}) ${why}`);
  };
  for (const name of APPS) {
    const binding = last(name);
    if (binding === undefined || binding.kind === "class" || (name === "server" && !isServer(binding))) continue;
    if (!isDash(binding)) return { file, candidate: candidateOf(binding, name, "app"), missed };
    // A Dash object is not callable itself; the Flask app in it is, and by custom goes by the name of server.
    const server = last("server");
    const candidate = server ? candidateOf(server, "server", "app") : candidateOf(binding, `${name}.server`, "app");
    return { file, candidate, missed };
  }
  for (const name of FACTORIES) {
    const binding = last(name);
    if (binding === undefined || binding.kind === "class") continue;
    if (binding.required.length > 0) miss(binding, `takes arguments: ${binding.required.join(", ")}`);
    else return { file, candidate: candidateOf(binding, `${name}()`, "factory"), missed };
  }
  return { file, candidate: null, missed };
}

/** A value that no call has made and no module lent: `app = None`, to be filled in later. */
function isPlain({ kind, value }: Binding): boolean {
  return kind === "assigned" && /^(?:None|True|False)\b|^["'[{\d]/.test(value);
}

/** `server` is the app where Dash is used; elsewhere it may be anything that listens. */
function isServer({ kind, value }: Binding): boolean {
  return kind === "imported" || /\.server\b|^(?:flask\.)?Flask\(/.test(value);
}

function isDash({ value }: Binding): boolean {
  return /^(?:\w+\.)*Dash\(/.test(value);
}

/** What an entry module has; else apps before what makes one, and those made here before those passed on from there. */
function best(candidates: readonly Candidate[]): readonly Candidate[] {
  for (const module of ENTRIES) {
    const entry = candidates.filter(({ target }) => target.startsWith(`${module}:`));
    if (entry.length > 0) return entry;
  }
  const apps = candidates.filter(({ kind }) => kind === "app");
  const rest = apps.length > 0 ? apps : candidates;
  const own = rest.filter(({ imported }) => !imported);
  return own.length > 0 ? own : rest.slice(0, 1);
}

function scriptsIn(directory: string): readonly DiscoveredApp[] {
  const names = fs.readdirSync(directory).filter((name) => name.endsWith(".wsgi"));
  return names.sort().map((name) => ({ target: path.join(directory, name), seen: name }));
}

function ambiguous(directory: string, found: readonly DiscoveredApp[]): PropylonError {
  const choices = found.map(({ target, seen }) => `  propylon ${typedTarget(directory, target)}   (${seen})`);
  return new PropylonError("user", `Several apps in ${directory}`, { remedy: `say which:\n${choices.join("\n")}` });
}

function nothing(directory: string, findings: readonly Finding[]): PropylonError {
  const names = [...APPS, ...FACTORIES].join(", ");
  const files = [...MODULES.map((module) => `${module}.py`), "manage.py", "*.wsgi"].join(", ");
  const there = findings.map(({ file }) => file).join(", ");
  const missed = findings.flatMap((finding) => finding.missed).map((text) => `\n  ${text}`);
  const looked = there === "" ? `none of ${files} is there` : `looked for ${names} in ${there}${missed.join("")}`;
  return new PropylonError("user", `No app in ${directory}: ${looked}`, {
    remedy: "name it: propylon MODULE:CALLABLE, for example `propylon app:app`, or write a propylon.yaml",
  });
}

/** Django's manage.py names the settings module; WSGI_APPLICATION there names the app, else the wsgi module beside it does. */
function djangoApp(directory: string): DiscoveredApp | null {
  const manage = read(path.join(directory, "manage.py"));
  const module = manage === null ? undefined : /DJANGO_SETTINGS_MODULE["'],\s*["']([\w.]+)["']/.exec(manage)?.[1];
  if (module === undefined) return null;
  const place = module.replaceAll(".", "/");
  const text = read(path.join(directory, `${place}.py`)) ?? read(path.join(directory, place, "__init__.py"));
  const named = text === null ? null : /^WSGI_APPLICATION\s*=\s*["']([\w.]+)\.(\w+)["']/m.exec(text);
  if (named !== null)
    return { target: `${named[1]}:${named[2]}`, seen: `WSGI_APPLICATION of ${module}, named by manage.py` };
  const project = module.split(".")[0]!;
  if (read(path.join(directory, project, "wsgi.py")) === null) return null;
  return {
    target: `${project}.wsgi:application`,
    seen: `${project}/wsgi.py, beside the settings that manage.py names`,
  };
}

function read(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return null; // absent, or not for us to read: not a candidate
  }
}
