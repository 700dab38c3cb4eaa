import type { Config } from "../config/model.ts";

/** Whom the exported instance runs as. */
export interface RunsAs {
  /** null: root, because the configuration names several accounts, and only root can become each of them. */
  readonly user: string | null;
  /** null: the user's own. */
  readonly group: string | null;
  /** Every user that the configuration names, in its order. */
  readonly named: readonly string[];
}

/**
 * The account of the main process. A configuration that names one account everywhere runs as that, so that nothing of it is
 * root; one that names none runs as `fallback`; several need root.
 */
export function runsAs(config: Config, fallback: string): RunsAs {
  const holders = [config, ...Object.values(config.apps), ...Object.values(config.programs)];
  const accounts = [
    ...holders.map(({ user, group }) => ({ user, group })),
    ...config.listeners.map(({ owner, group }) => ({ user: owner, group })),
  ];
  const users = distinct(accounts.map(({ user }) => user));
  const groups = distinct(accounts.map(({ group }) => group));
  if (users.length > 1 || groups.length > 1 || (users.length === 0 && groups.length > 0))
    return { user: null, group: null, named: users };
  return { user: users[0] ?? fallback, group: groups[0] ?? null, named: users };
}

function distinct(names: readonly (string | null)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== null))];
}
