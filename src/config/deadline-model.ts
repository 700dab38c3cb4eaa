/** Times that an exchange may run on a lane, ms; 0: no limit. */
export interface DeadlineConfig {
  /** Then the client gets 504 and the app is interrupted. */
  readonly soft: number;
  /** Then its worker is killed and replaced. */
  readonly hard: number;
}

export const NO_DEADLINE: DeadlineConfig = { soft: 0, hard: 0 };

/** A route's own part of an app's lanes and queue. */
export interface ShareConfig {
  /** What metrics call the route. */
  readonly route: string;
  /** Part of the app's lanes and queue, 0 to 1, where `lanes` and `size` do not say it; null: they do. */
  readonly part: number | null;
  /** Requests that are with the app at a time. */
  readonly lanes: number | null;
  /** Requests that may wait for that. */
  readonly size: number | null;
  /** Longest wait for that, ms; 0: no limit; null: that of the app's queue. */
  readonly timeout: number | null;
}
