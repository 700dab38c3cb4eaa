export interface SignalActions {
  /** `now`: without waiting for exchanges in flight. */
  readonly stop: (now: boolean) => void;
  readonly reload: () => void;
  readonly reopenLogs: () => void;
}

/** What a signal means. `stop` waits for exchanges in flight, and the second time does not; `stop-now` does not wait at all. */
export type SignalMeaning = "stop" | "stop-now" | "reload" | "reopen-logs" | "none";
export type SignalTable = Readonly<Partial<Record<NodeJS.Signals, SignalMeaning>>>;

const OURS: SignalTable = { SIGTERM: "stop", SIGINT: "stop", SIGHUP: "reload", SIGUSR1: "reopen-logs" };

/** TERM and INT: stop, the second time at once; HUP: reload; USR1: open the logs anew; unless `table` says otherwise. Returns what undoes it. */
export function obeySignals(actions: SignalActions, table: SignalTable = {}): () => void {
  let asked = false;
  const obey = (meaning: SignalMeaning): void => {
    if (meaning === "reload") actions.reload();
    else if (meaning === "reopen-logs") actions.reopenLogs();
    else if (meaning !== "none") {
      actions.stop(asked || meaning === "stop-now");
      asked = true;
    }
  };
  const listeners = Object.entries({ ...OURS, ...table }).map(
    ([name, meaning]) => [name as NodeJS.Signals, () => obey(meaning)] as const,
  );
  for (const [name, listener] of listeners) process.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}
