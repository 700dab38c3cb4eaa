import type { RecycleConfig } from "../config/pool-life.ts";

/** What a worker has come to: requests, ms since it was ready, bytes of resident memory (null: unknown). */
export interface WorkerFigures {
  readonly requests: number;
  readonly age: number;
  readonly memory: number | null;
}

export type RecycleReason = "requests" | "age" | "memory";

/** When this one worker is to be replaced; Infinity: never. */
export type RecycleLimits = Readonly<Record<RecycleReason, number>>;

/** Between two looks at the workers, ms. */
const SHORTEST_LOOK = 100;
const LONGEST_LOOK = 1000;

/**
 * The limits of one worker: those of the settings, less up to `jitter` of them.
 *
 * @param random gives 0 to 1, anew for each limit
 */
export function drawLimits(recycle: RecycleConfig, random: () => number): RecycleLimits {
  const draw = (limit: number | null): number => (limit === null ? Infinity : limit * (1 - recycle.jitter * random()));
  return { requests: draw(recycle.requests), age: draw(recycle.age), memory: draw(recycle.memory) };
}

/** Which limit the worker has reached, or null. */
export function recycleReason(limits: RecycleLimits, figures: WorkerFigures): RecycleReason | null {
  if ((figures.memory ?? 0) > limits.memory) return "memory";
  if (figures.requests >= limits.requests) return "requests";
  return figures.age >= limits.age ? "age" : null;
}

/**
 * How long to wait before the next look, ms: a quarter of the time in which this worker would reach a limit if it went on as since the
 * last look, so that one that grows quickly is not far beyond it when it is seen.
 *
 * @param elapsed ms between both figures
 */
export function nextLook(limits: RecycleLimits, before: WorkerFigures, now: WorkerFigures, elapsed: number): number {
  const left = (limit: number, earlier: number | null, later: number | null): number => {
    if (limit === Infinity || earlier === null || later === null || later <= earlier) return Infinity;
    return ((limit - later) / (later - earlier)) * elapsed;
  };
  const soonest = Math.min(
    left(limits.memory, before.memory, now.memory),
    left(limits.requests, before.requests, now.requests),
    limits.age - now.age,
  );
  return Math.max(SHORTEST_LOOK, Math.min(LONGEST_LOOK, soonest / 4));
}

/** `has answered 10023 requests`, `is older than 1 h`, for the log and `status`. */
export function describeReason(reason: RecycleReason, figures: WorkerFigures): string {
  if (reason === "requests") return `has begun ${figures.requests} requests`;
  if (reason === "age") return `is ${Math.round(figures.age / 1000)} s old`;
  return `has ${Math.round((figures.memory ?? 0) / 1048576)} MB of resident memory`;
}
