/** How a process that ended by itself is started again. Milliseconds and counts. */
export interface RestartPolicy {
  /** Pause before the first restart; each further one doubles it. */
  readonly first: number;
  /** Longest pause. */
  readonly longest: number;
  /** A process that was ready for this long starts the row of pauses anew. */
  readonly settled: number;
  /** Give up after so many starts in a row that never got ready. */
  readonly attempts: number;
  /** Pause between tries after giving up; Infinity: none but those that are asked for. */
  readonly slow: number;
}

export const DEFAULT_POLICY: RestartPolicy = {
  first: 100,
  longest: 10_000,
  // A second: a worker that is killed now and then comes back at once, one that dies at its first request does not spin.
  settled: 1_000,
  attempts: 5,
  slow: 30_000,
};

/** What is remembered of earlier runs. */
export interface RestartHistory {
  /** Runs in a row that ended before they had settled. */
  readonly short: number;
  /** Starts in a row that never got ready. */
  readonly failedStarts: number;
}

export const NO_HISTORY: RestartHistory = { short: 0, failedStarts: 0 };

export interface Verdict {
  readonly history: RestartHistory;
  /** Pause before the next start, ms. */
  readonly pause: number;
  /** Enough starts have failed: the state is `failed`, and `pause` the slow one. */
  readonly giveUp: boolean;
}

/**
 * What to do after a run has ended by itself.
 *
 * @param ready ms that it was ready, or null when it never was
 * @param random 0 to 1; takes up to a quarter off the pause, so that workers that died together don't start together
 */
export function afterExit(
  history: RestartHistory,
  ready: number | null,
  policy: RestartPolicy,
  random: number,
): Verdict {
  const failedStarts = ready === null ? history.failedStarts + 1 : 0;
  const short = ready !== null && ready >= policy.settled ? 1 : history.short + 1;
  const giveUp = failedStarts >= policy.attempts;
  const pause = giveUp ? policy.slow : Math.min(policy.longest, policy.first * 2 ** Math.min(short - 1, 30));
  return { history: { short, failedStarts }, pause: pause * (1 - random / 4), giveUp };
}
