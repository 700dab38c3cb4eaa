import { isDeepStrictEqual } from "node:util";
import type { AppConfig, Config, ListenerConfig } from "./model.ts";
import type { ProgramConfig } from "./program-model.ts";

/** What a reload has to do to get from one configuration to another. */
export interface ConfigChanges {
  /** A Unix socket whose mode or owner changed is both removed and added. */
  readonly listeners: {
    readonly added: readonly ListenerConfig[];
    readonly removed: readonly ListenerConfig[];
    /** Sockets that stay, on which clients speak another protocol or with other certificates from now on. */
    readonly changed: readonly ListenerConfig[];
  };
  readonly apps: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly AppChange[];
  };
  readonly programs: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly ProgramChange[];
  };
  /** Which other parts differ: `sites`, `limits`, `accessLog`, ... */
  readonly rest: readonly Exclude<keyof Config, "listeners" | "apps" | "programs">[];
}

export interface AppChange {
  readonly name: string;
  /** Which of its settings differ. */
  readonly keys: readonly (keyof AppConfig)[];
}

export interface ProgramChange {
  readonly name: string;
  readonly keys: readonly (keyof ProgramConfig)[];
}

const APART = new Set<keyof Config>(["listeners", "apps", "programs"]);

/** Compares two effective configurations; pure. */
export function changes(before: Config, after: Config): ConfigChanges {
  return {
    listeners: {
      added: after.listeners.filter((listener) => !before.listeners.some((other) => isSameSocket(listener, other))),
      removed: before.listeners.filter((listener) => !after.listeners.some((other) => isSameSocket(listener, other))),
      changed: after.listeners.filter((listener) =>
        before.listeners.some(
          (other) => isSameSocket(listener, other) && !isDeepStrictEqual(spokenOn(listener), spokenOn(other)),
        ),
      ),
    },
    apps: compare<AppConfig>(before.apps, after.apps),
    programs: compare<ProgramConfig>(before.programs, after.programs),
    rest: differences(before, after).filter((key) => !APART.has(key)) as ConfigChanges["rest"],
  };
}

/** One phrase for each change, for people: `app person: workers, environment`; empty when nothing changed. */
export function describeChanges({ listeners, apps, programs, rest }: ConfigChanges): readonly string[] {
  return [
    ...listeners.removed.map(({ address }) => `listener ${address} removed`),
    ...listeners.added.map(({ address }) => `listener ${address} added`),
    ...listeners.changed.map(
      ({ address, protocol, tls }) => `listener ${address}: ${tls === null ? protocol : `${protocol} over TLS`}`,
    ),
    ...apps.removed.map((name) => `app ${name} removed`),
    ...apps.added.map((name) => `app ${name} added`),
    ...apps.changed.map(({ name, keys }) => `app ${name}: ${keys.map(written).join(", ")}`),
    ...programs.removed.map((name) => `program ${name} removed`),
    ...programs.added.map((name) => `program ${name} added`),
    ...programs.changed.map(({ name, keys }) => `program ${name}: ${keys.map(written).join(", ")}`),
    ...rest.map(written),
  ];
}

/** A TCP listener is its address; mode and owner are those of a Unix socket. What is spoken there is the edge's affair. */
function isSameSocket(a: ListenerConfig, b: ListenerConfig): boolean {
  return a.address === b.address && (a.path === null || isDeepStrictEqual({ ...a, ...spokenOn(b) }, b));
}

/** What a new connection to a socket needs to know, and old ones don't. */
function spokenOn({
  protocol,
  tls,
  proxyProtocol,
}: ListenerConfig): Pick<ListenerConfig, "protocol" | "tls" | "proxyProtocol"> {
  return { protocol, tls, proxyProtocol };
}

interface Compared<T> {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly { readonly name: string; readonly keys: readonly (keyof T)[] }[];
}

function compare<T extends object>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
): Compared<T> {
  return {
    added: Object.keys(after).filter((name) => !Object.hasOwn(before, name)),
    removed: Object.keys(before).filter((name) => !Object.hasOwn(after, name)),
    changed: Object.keys(before).flatMap((name) => {
      const keys = Object.hasOwn(after, name) ? differences(before[name]!, after[name]!) : [];
      return keys.length === 0 ? [] : [{ name, keys }];
    }),
  };
}

function differences<T extends object>(before: T, after: T): (keyof T)[] {
  return (Object.keys(after) as (keyof T)[]).filter((key) => !isDeepStrictEqual(before[key], after[key]));
}

/** `startTimeout` as people write it: `start_timeout`. */
function written(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
