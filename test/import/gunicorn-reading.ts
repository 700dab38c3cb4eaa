import { readGunicorn } from "../../src/import/gunicorn/read.ts";
import type { Reading } from "../../src/import/reading.ts";
import type { Plain } from "../../src/import/tree.ts";
import { machine } from "./machine.ts";

export const PLACE = { file: "command" };
export const MODULE = { "/srv/app/app.py": "" };

export function command(words: readonly string[], context = machine(MODULE)): Reading {
  return readGunicorn({ kind: "gunicorn", form: "command", words, place: PLACE }, context);
}

export function file(text: string, context = machine(MODULE)): Reading {
  return readGunicorn({ kind: "gunicorn", form: "file", path: "/srv/app/gunicorn.conf.py", text }, context);
}

export function appOf({ settings }: Reading): Plain {
  return Object.values(settings.apps ?? {})[0] as Plain;
}

export function verdictOf(reading: Reading, name: string): string {
  return reading.directives.find((directive) => directive.name === name)!.verdict;
}
