import fs from "node:fs";
import path from "node:path";
import { discoverApp, discoverAppIn } from "../process/discover-app.ts";

/** `module:callable`, or a path of a script; anything else in the first place is a mistyped verb. */
export function isTarget(text: string): boolean {
  return /:|\.(?:wsgi|py)$/.test(text) || (text.includes("/") && !isConfiguration(text));
}

/** What `run` takes: a YAML file, or a folder. */
export function isConfiguration(text: string): boolean {
  return /\.ya?ml$/.test(text) || fs.statSync(text, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * What is meant by a target as people write it: `app.py` and `manage.py` stand for the app that they lead to, `mysite.wsgi` for
 * Django's module, where it is no script, and `shop.wsgi:app` for a script, where that is there; anything else is what it says.
 */
export function settleTarget(target: string, directory: string): string {
  const isFile = (name: string): boolean => fs.existsSync(path.join(directory, name));
  const [, script, callable] = /^([A-Za-z_][\w.]*\.wsgi)(:\w+)?$/.exec(target) ?? [];
  if (script !== undefined) {
    if (isFile(script)) return callable === undefined ? target : `./${target}`;
    return callable === undefined && isFile(`${script.replaceAll(".", "/")}.py`) ? `${target}:application` : target;
  }
  if (target === "manage.py" && isFile(target)) return discoverApp(directory).target;
  return /^[A-Za-z_]\w*\.py$/.test(target) && isFile(target) ? discoverAppIn(directory, target).target : target;
}
