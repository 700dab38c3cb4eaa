import type { Config } from "../config/model.ts";

/** Whom the exported instance runs as. */
export interface RunsAs {
  /** null: root, because the configuration names several accounts, and only root can become each of them. */
  readonly user: string | null;
  /** null: the user's own. */
  readonly group: string | null;
  /** Every user that the configuration names. */
  readonly users: readonly string[];
  /** Every group that the configuration names. */
  readonly groups: readonly string[];
  /** Apps and programs that would be root, since main is and they name nobody. */
  readonly asRoot: readonly string[];
}

interface Account {
  readonly user: string | null;
  readonly group: string | null;
}

/**
 * The account of the main process. A configuration that names one account everywhere runs as that, so that nothing of it is
 * root; one that names none runs as `fallback`; several need root.
 */
export function runsAs(config: Config, fallback: string): RunsAs {
  const children = [...Object.values(config.apps), ...Object.values(config.programs)];
  const processes: readonly Account[] = [config, ...children].filter(isNamed);
  const sockets: readonly Account[] = config.listeners.map(({ owner, group }) => ({ user: owner, group }));
  const only = processes[0] ?? { user: fallback, group: null };
  const alike =
    processes.every(({ user, group }) => user === only.user && group === only.group) &&
    sockets.every(({ user, group }) => (user ?? only.user) === only.user && (group ?? only.group) === only.group);
  const account = alike && only.user !== null && only.user !== "root" ? only : { user: null, group: null };
  return {
    user: account.user,
    group: account.group,
    users: distinct([...processes, ...sockets].map(({ user }) => user)),
    groups: distinct([...processes, ...sockets].map(({ group }) => group)),
    asRoot: account.user === null ? children.filter(({ user }) => user === null).map(({ name }) => name) : [],
  };
}

function isNamed({ user, group }: Account): boolean {
  return user !== null || group !== null;
}

function distinct(names: readonly (string | null)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== null))].sort();
}
