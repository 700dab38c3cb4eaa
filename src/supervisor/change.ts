import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { changes, describeChanges } from "../config/changes.ts";
import type { AppConfig, Config } from "../config/model.ts";
import type { ChangeReport, ProgramChanges, ReloadReport } from "../control/operations.ts";
import type { RunEnd } from "../process/keeper.ts";
import type { AppPool, Candidate, PoolSettings } from "./app-pool.ts";
import type { Assembly } from "./assembly.ts";
import type { StartFailure } from "./generation.ts";
import type { ListeningSocket } from "./listening.ts";

export interface ChangeOptions {
  /** The apps whose workers are replaced; new ones are always started. */
  readonly apps: ReadonlySet<string>;
  /** Development: an app that does not start is shown as broken, instead of keeping what was before. */
  readonly development: boolean;
  readonly log: Log;
  /** Main is ending: nothing new comes into use. */
  readonly ending: () => boolean;
}

interface Prepared {
  readonly pool: AppPool;
  readonly settings: PoolSettings;
  readonly candidate: Candidate;
}

/**
 * Brings the assembly to another configuration, all or nothing: everything new is built beside the old and proven before
 * anything old is touched, and what was built is taken down again when any of it fails.
 */
export async function change(assembly: Assembly, next: Config, options: ChangeOptions): Promise<ReloadReport> {
  const before = assembly.config;
  const difference = changes(before, next);
  const undo: (() => void | Promise<void>)[] = [];
  try {
    const programs = assembly.programs.compare(next.programs);
    const sockets = await bindAdded(assembly, difference.listeners.added, undo);
    addPrograms(assembly, next, programs.added, undo);
    await assembly.ensureEdge(next);
    await addApps(assembly, next, difference.apps.added, undo);
    const prepared = await prepareAll(assembly, next, options, undo);
    const failed = prepared.filter(({ candidate }) => candidate.failure !== null);
    if (failed.length > 0 && !options.development) {
      await runAll(undo);
      return report(prepared, false, [], NO_PROGRAMS);
    }
    if (options.ending()) throw new PropylonError("user", "The change was not made: propylon is stopping");
    await swapEdge(assembly, next, difference.apps.removed, undo);
    await acceptAdded(assembly, sockets);
    const late = commit(prepared);
    finish(
      assembly,
      next,
      sockets,
      difference.listeners.removed.map(({ address }) => address),
      options.log,
    );
    retire(assembly, next, difference.apps.removed, options.log);
    undo.length = 0;
    await assembly.programs.apply(next.programs, programs);
    return report(prepared, true, describeChanges(difference), programs, await late);
  } catch (error) {
    await runAll(undo);
    throw error;
  }
}

/** What {@link change} would do. */
export function changesTo({ config, programs }: Assembly, next: Config): ChangeReport {
  return { changes: describeChanges(changes(config, next)), programs: programs.compare(next.programs) };
}

async function bindAdded(
  assembly: Assembly,
  added: Config["listeners"],
  undo: (() => void)[],
): Promise<Map<string, ListeningSocket>> {
  const sockets = await assembly.bind(added);
  undo.push(() => {
    for (const socket of sockets) socket.close();
  });
  return new Map(sockets.map((socket) => [socket.spec.address, socket]));
}

/** What is new can't be in the way of what runs, and apps may wait for it; what changed is started anew once all else has gone well. */
function addPrograms(
  assembly: Assembly,
  next: Config,
  added: readonly string[],
  undo: (() => void | Promise<void>)[],
): void {
  assembly.programs.add(Object.fromEntries(added.map((name) => [name, next.programs[name]!])));
  undo.push(() => assembly.programs.remove(added));
}

/** The edge must know an app before workers of it can connect: for a while it has the old configuration and the new apps. */
async function addApps(
  assembly: Assembly,
  next: Config,
  added: readonly string[],
  undo: (() => void | Promise<void>)[],
): Promise<void> {
  if (added.length === 0) return;
  const before = assembly.edgeConfig;
  await assembly.configureEdge({ ...before, apps: { ...before.apps, ...pick(next.apps, added) } });
  undo.push(() => assembly.configureEdge(before));
  for (const name of added) {
    await assembly.addPool(next.apps[name]!, next);
    undo.push(() => assembly.dropPool(name));
  }
}

async function prepareAll(
  assembly: Assembly,
  next: Config,
  { apps, development }: ChangeOptions,
  undo: (() => void | Promise<void>)[],
): Promise<readonly Prepared[]> {
  const results = await Promise.allSettled(
    Object.values(next.apps)
      .filter(({ name }) => apps.has(name) || assembly.config.apps[name] === undefined)
      .map(async (app): Promise<Prepared> => {
        const pool = assembly.pools.get(app.name)!;
        const settings = assembly.settingsOf(app, next);
        await assembly.programs.waitFor(app.after);
        const candidate = await prepareOrFail(pool, settings, development);
        undo.push(() => candidate.abandon());
        return { pool, settings, candidate };
      }),
  );
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

// In development a missing interpreter, too, is shown in the browser.
async function prepareOrFail(pool: AppPool, settings: PoolSettings, development: boolean): Promise<Candidate> {
  try {
    return await pool.prepare(settings, true);
  } catch (error) {
    if (!development || !(error instanceof PropylonError)) throw error;
    const end: RunEnd = { reason: error.message, remedy: error.remedy ?? null, traceback: null, kind: "failed-start" };
    return { failure: { worker: pool.name, end }, commit: async () => null, abandon: async () => {} };
  }
}

// Apps that are no longer configured stay known to the edge until their exchanges are over.
async function swapEdge(
  assembly: Assembly,
  next: Config,
  removed: readonly string[],
  undo: (() => void | Promise<void>)[],
): Promise<void> {
  const before = assembly.edgeConfig;
  await assembly.configureEdge({ ...next, apps: { ...pick(assembly.config.apps, removed), ...next.apps } });
  undo.push(() => assembly.configureEdge(before));
}

async function acceptAdded(assembly: Assembly, sockets: ReadonlyMap<string, ListeningSocket>): Promise<void> {
  const accepted: string[] = [];
  try {
    for (const [key, socket] of sockets) {
      // A Unix socket with another mode or owner takes the place of its own path.
      if (assembly.listeners.has(key)) assembly.edge.tell({ type: "unlisten", key });
      await assembly.acceptOn(key, socket);
      accepted.push(key);
    }
  } catch (error) {
    for (const key of accepted) assembly.edge.tell({ type: "unlisten", key });
    throw error;
  }
}

/** All at once; resolves, for each, when its last worker was replaced, or to why one of those that come later does not come up. */
function commit(prepared: readonly Prepared[]): Promise<readonly (StartFailure | null)[]> {
  return Promise.all(
    prepared.map(async ({ pool, settings, candidate }) => {
      if (candidate.failure === null) return candidate.commit();
      await candidate.abandon();
      pool.breakDown(settings, candidate.failure);
      return null;
    }),
  );
}

function finish(
  assembly: Assembly,
  next: Config,
  added: ReadonlyMap<string, ListeningSocket>,
  removed: readonly string[],
  log: Log,
): void {
  if (next.user !== assembly.config.user || next.group !== assembly.config.group)
    log.warn("user and group of the edge change at the next start");
  assembly.config = next;
  for (const key of removed) {
    if (!added.has(key)) assembly.edge.tell({ type: "unlisten", key });
    assembly.listeners.get(key)?.close();
    assembly.listeners.delete(key);
  }
  for (const [key, socket] of added) assembly.listeners.set(key, socket);
}

function retire(assembly: Assembly, next: Config, removed: readonly string[], log: Log): void {
  if (removed.length === 0) return;
  const gone = removed.map(async (name) => {
    await assembly.pools.get(name)?.stop(false);
    assembly.dropPool(name);
  });
  void Promise.all(gone)
    .then(async () => {
      // Unless another change has come meanwhile, which knows nothing of them.
      if (assembly.config === next) await assembly.configureEdge(next);
    })
    .catch((error: unknown) => log.error(`cannot remove apps: ${String(error)}`));
}

const NO_PROGRAMS: ProgramChanges = { added: [], changed: [], removed: [] };

function report(
  prepared: readonly Prepared[],
  done: boolean,
  phrases: readonly string[],
  programs: ProgramChanges,
  late: readonly (StartFailure | null)[] = [],
): ReloadReport {
  const apps = prepared.map(({ pool, candidate: { failure } }, index) => {
    const end = (failure ?? late[index])?.end;
    return {
      name: pool.name,
      swapped: done && failure === null,
      reason: end?.reason ?? null,
      traceback: end?.traceback ?? null,
    };
  });
  return { apps, changes: phrases, programs };
}

function pick(apps: Config["apps"], names: readonly string[]): Record<string, AppConfig> {
  return Object.fromEntries(names.map((name) => [name, apps[name]!]));
}

async function runAll(undo: (() => void | Promise<void>)[]): Promise<void> {
  for (const step of undo.reverse()) await step();
  undo.length = 0;
}
