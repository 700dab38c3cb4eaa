import { dirname, extname, join, resolve } from "node:path";
import { type Ledger, undecided } from "../ledger.ts";
import type { Door, ForeignSource, ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import type { Instance } from "./instance.ts";

/** What one instance, or several of an Emperor, come to. */
export interface InstanceReading {
  readonly settings: Plain;
  readonly doors: readonly Door[];
  readonly files: readonly string[];
  /** Absolute, or null. */
  readonly pidFile: string | null;
  readonly notes: readonly string[];
}

export interface Vassal {
  readonly source: ForeignSource;
  readonly directory: string;
}

/** The configurations that an Emperor starts an instance for each of; they run in the folder that it looks into. */
export function vassalsOf(instance: Instance, context: ReadContext, ledger: Ledger): readonly Vassal[] {
  return instance.vassals.flatMap(({ pattern, place, name }) => {
    const path = resolve(context.directory, pattern);
    const folder = context.isDirectory(path);
    const files = context.glob(folder ? join(path, "*") : path).filter((file) => VASSALS.has(extname(file)));
    if (files.length === 0) ledger.say(place, name, undecided(`there are no vassals in ${path} now`));
    return files.flatMap((file) => {
      const text = context.readFile(file);
      if (text === null) return [];
      const source: ForeignSource = { kind: "uwsgi", form: "file", path: file, text };
      return [{ source, directory: folder ? path : dirname(file) }];
    });
  });
}

/** One reading of several instances, whose apps and programs have different names. */
export function joinInstances(readings: readonly InstanceReading[]): InstanceReading {
  const [first, ...rest] = readings;
  return rest.reduce((all, reading) => {
    const { apps, programs, listeners, sites, ...alone } = reading.settings;
    return {
      settings: {
        ...alone,
        ...all.settings,
        ...maps("apps", all.settings, apps),
        ...maps("programs", all.settings, programs),
        ...lists("listeners", all.settings, listeners),
        ...lists("sites", all.settings, sites),
      },
      doors: [...all.doors, ...reading.doors],
      files: [...all.files, ...reading.files],
      pidFile: all.pidFile ?? reading.pidFile,
      notes: [...new Set([...all.notes, ...reading.notes])],
    };
  }, first!);
}

// --- internal ---

const VASSALS = new Set([".ini", ".xml", ".yml", ".yaml", ".json", ".js"]);

function maps(key: string, settings: Plain, more: unknown): Plain {
  if (more === undefined) return {};
  return { [key]: { ...(settings[key] as Plain | undefined), ...(more as Plain) } };
}

function lists(key: string, settings: Plain, more: unknown): Plain {
  if (more === undefined) return {};
  return { [key]: [...((settings[key] as unknown[] | undefined) ?? []), ...(more as unknown[])] };
}
