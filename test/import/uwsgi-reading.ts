import assert from "node:assert/strict";
import type { DirectiveReport, ReadContext, Reading } from "../../src/import/reading.ts";
import type { Plain } from "../../src/import/tree.ts";
import { readUwsgi } from "../../src/import/uwsgi/read.ts";
import { machine } from "./machine.ts";

export function file(text: string, context: ReadContext = machine(), path = "/etc/uwsgi/site.ini"): Reading {
  return readUwsgi({ kind: "uwsgi", form: "file", path, text }, context);
}

export function command(words: readonly string[], context: ReadContext = machine()): Reading {
  return readUwsgi({ kind: "uwsgi", form: "command", words, place: { file: "command" } }, context);
}

/** The only app, without what stands for uWSGI's own module. */
export function appOf({ settings }: Reading): Plain {
  const [app, ...others] = Object.values(settings.apps ?? {}) as Plain[];
  assert.equal(others.length, 0);
  const { environment, ...rest } = app!;
  const { PROPYLON_UWSGI: _, ...own } = environment as Plain;
  return Object.keys(own).length === 0 ? rest : { ...rest, environment: own };
}

export function directive(reading: Reading, name: string): DirectiveReport {
  return reading.directives.find((each) => each.name === name)!;
}

export function addresses({ doors }: Reading): readonly string[] {
  return doors.map(({ address, protocol }) => `${protocol} ${address}`);
}

export const APP = "module = app:app\n";
