import fs from "node:fs";
import path from "node:path";
import { PropylonError } from "../base/errors.ts";

/** An app found in a folder. */
export interface DiscoveredApp {
  /** `app:app`, `shop.wsgi:application`, `create:create_app()`, or the path of a `.wsgi` script. */
  readonly target: string;
  /** Where it was seen: `app.py, line 7`. */
  readonly seen: string;
}

/** Files that hold an app by custom, best first. */
const FILES = ["wsgi.py", "app.py", "main.py", "application.py", "server.py", "run.py"];
/** Names that an app goes by, best first; the last ones are called to get it. */
const NAMES = ["application", "app", "server", "create_app", "make_app"];
const FACTORIES = new Set(["create_app", "make_app"]);

/**
 * Finds the app of a folder by reading, not running, its files: names assigned or defined at the top level of app.py, wsgi.py and the
 * like, a Django project's wsgi module by manage.py, else the only .wsgi script. Throws with what was looked at when there is none.
 */
export function discoverApp(directory: string): DiscoveredApp {
  const django = djangoApp(directory);
  if (django !== null) return django;
  for (const file of FILES) {
    const found = appIn(directory, file);
    if (found !== null) return found;
  }
  const scripts = fs.readdirSync(directory).filter((name) => name.endsWith(".wsgi"));
  if (scripts.length === 1) return { target: path.join(directory, scripts[0]!), seen: scripts[0]! };
  const looked = [...FILES, "manage.py", "*.wsgi"].join(", ");
  const remedy = "name it: propylon MODULE:CALLABLE, for example `propylon app:app`, or write a propylon.yaml";
  if (scripts.length > 1)
    throw new PropylonError("user", `Several apps in ${directory}: ${scripts.join(", ")}`, { remedy });
  throw new PropylonError("user", `No app in ${directory}: looked for ${NAMES.join(", ")} in ${looked}`, { remedy });
}

// --- internal ---

function appIn(directory: string, file: string): DiscoveredApp | null {
  const text = read(path.join(directory, file));
  if (text === null) return null;
  const lines = text.split("\n");
  const module = file.replace(/\.py$/, "");
  for (const name of NAMES) {
    const pattern = new RegExp(
      `^(?:${name}\\s*(?::[^=]+)?=[^=]|(?:async\\s+)?def\\s+${name}\\s*\\(|from\\s.+\\simport\\s.*\\b${name}\\b)`,
    );
    const line = lines.findIndex((candidate) => pattern.test(candidate));
    if (line >= 0)
      return { target: `${module}:${name}${FACTORIES.has(name) ? "()" : ""}`, seen: `${file}, line ${line + 1}` };
  }
  return null;
}

/** Django's manage.py names the settings module; WSGI_APPLICATION there names the app, else the wsgi module beside it does. */
function djangoApp(directory: string): DiscoveredApp | null {
  const manage = read(path.join(directory, "manage.py"));
  const settings = manage === null ? null : /DJANGO_SETTINGS_MODULE["'],\s*["']([\w.]+)["']/.exec(manage);
  if (settings === null || settings === undefined) return null;
  const module = settings[1]!;
  const text =
    read(path.join(directory, `${module.replaceAll(".", "/")}.py`)) ??
    read(path.join(directory, module.replaceAll(".", "/"), "__init__.py"));
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
