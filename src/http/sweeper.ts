/** Something with timeouts: told the time now and then, instead of keeping timers of its own. */
export interface Swept {
  /** `now`: `performance.now()`. */
  tick(now: number): void;
}

/** Milliseconds; how late a timeout may come. */
export const SWEEP = 250;

const members = new Set<Swept>();
let timer: NodeJS.Timeout | null = null;

/**
 * One interval for all connections of the process. Timeouts are seconds long and almost none is ever reached, so arming and
 * clearing a timer for each request would be paid for nothing; looking at an idle connection costs some nanoseconds.
 */
export function startSweeping(member: Swept): void {
  members.add(member);
  if (timer !== null) return;
  timer = setInterval(sweep, SWEEP);
  timer.unref();
}

export function stopSweeping(member: Swept): void {
  members.delete(member);
  if (members.size > 0 || timer === null) return;
  clearInterval(timer);
  timer = null;
}

function sweep(): void {
  const now = performance.now();
  for (const member of members) member.tick(now);
}
