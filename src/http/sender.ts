/** Brings one response body to the client, over time. */
export interface Sender {
  start(): void;
  /** The client reads again. */
  resume(): void;
  /** The client is gone: let go of the body. Not called after `bodyEnded` or `bodyFailed`. */
  cancel(): void;
}

/** Whose body it is. After `bodyEnded` or `bodyFailed` the sender is done. */
export interface SenderOwner {
  bodySent(bytes: number): void;
  bodyEnded(): void;
  /** What was announced can't be delivered. */
  bodyFailed(reason: string): void;
}
