import fs from "node:fs";

/** `module:callable`, or a path of a script; anything else in the first place is a mistyped verb. */
export function isTarget(text: string): boolean {
  return /:|\.(?:wsgi|py)$/.test(text) || (text.includes("/") && !isConfiguration(text));
}

/** What `run` takes: a YAML file, or a folder. */
export function isConfiguration(text: string): boolean {
  return /\.ya?ml$/.test(text) || fs.statSync(text, { throwIfNoEntry: false })?.isDirectory() === true;
}
