import { isDeepStrictEqual } from "node:util";
import type { AppConfig, Config, ListenerConfig } from "./model.ts";

/** What a reload has to do to get from one configuration to another. */
export interface ConfigChanges {
  /** A Unix socket whose mode or owner changed is both removed and added. */
  readonly listeners: { readonly added: readonly ListenerConfig[]; readonly removed: readonly ListenerConfig[] };
  readonly apps: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly AppChange[];
  };
  /** Which other parts differ: `sites`, `limits`, `accessLog`, ... */
  readonly rest: readonly Exclude<keyof Config, "listeners" | "apps">[];
}

export interface AppChange {
  readonly name: string;
  /** Which of its settings differ. */
  readonly keys: readonly (keyof AppConfig)[];
}

const APART = new Set<keyof Config>(["listeners", "apps"]);

/** Compares two effective configurations; pure. */
export function changes(before: Config, after: Config): ConfigChanges {
  const [old, young] = [before.apps, after.apps].map((apps) => new Set(Object.keys(apps))) as [
    Set<string>,
    Set<string>,
  ];
  return {
    listeners: {
      added: after.listeners.filter((listener) => !before.listeners.some((other) => isSameSocket(listener, other))),
      removed: before.listeners.filter((listener) => !after.listeners.some((other) => isSameSocket(listener, other))),
    },
    apps: {
      added: [...young].filter((name) => !old.has(name)),
      removed: [...old].filter((name) => !young.has(name)),
      changed: [...old].flatMap((name) => (young.has(name) ? changeOf(before.apps[name]!, after.apps[name]!) : [])),
    },
    rest: differences(before, after).filter((key) => !APART.has(key)) as ConfigChanges["rest"],
  };
}

/** One phrase for each change, for people: `app person: workers, environment`; empty when nothing changed. */
export function describeChanges({ listeners, apps, rest }: ConfigChanges): readonly string[] {
  return [
    ...listeners.removed.map(({ address }) => `listener ${address} removed`),
    ...listeners.added.map(({ address }) => `listener ${address} added`),
    ...apps.removed.map((name) => `app ${name} removed`),
    ...apps.added.map((name) => `app ${name} added`),
    ...apps.changed.map(({ name, keys }) => `app ${name}: ${keys.map(written).join(", ")}`),
    ...rest.map(written),
  ];
}

/** A TCP listener is its address; mode and owner are those of a Unix socket. */
function isSameSocket(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.address === b.address && (a.path === null || isDeepStrictEqual(a, b));
}

function changeOf(before: AppConfig, after: AppConfig): AppChange[] {
  const keys = differences(before, after);
  return keys.length === 0 ? [] : [{ name: before.name, keys }];
}

function differences<T extends object>(before: T, after: T): (keyof T)[] {
  return (Object.keys(after) as (keyof T)[]).filter((key) => !isDeepStrictEqual(before[key], after[key]));
}

/** `startTimeout` as people write it: `start_timeout`. */
function written(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
