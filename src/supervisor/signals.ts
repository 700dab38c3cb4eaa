export interface SignalActions {
  /** `now`: it was asked before, and again. */
  readonly stop: (now: boolean) => void;
  readonly reload: () => void;
  readonly reopenLogs: () => void;
}

/** TERM and INT: stop, the second time at once; HUP: reload; USR1: open the logs anew. Returns what undoes it. */
export function obeySignals(actions: SignalActions): () => void {
  let asked = false;
  const stop = (): void => {
    actions.stop(asked);
    asked = true;
  };
  const listeners: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ["SIGTERM", stop],
    ["SIGINT", stop],
    ["SIGHUP", actions.reload],
    ["SIGUSR1", actions.reopenLogs],
  ];
  for (const [name, listener] of listeners) process.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}
