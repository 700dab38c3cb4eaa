/** How fast the body of a response goes out at most (NGINX's `limit_rate` and `limit_rate_after`). */
export interface Pace {
  /** Bytes a second; 0: as fast as the client takes them. */
  readonly rate: number;
  /** Bytes that go first, as fast as the client takes them. */
  readonly after: number;
  /** An upstream said so: it goes before what routes say. */
  readonly said?: boolean;
}
