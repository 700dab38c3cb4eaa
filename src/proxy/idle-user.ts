import type { UpstreamConfig } from "../config/proxy-model.ts";
import type { ConnectionUser, UpstreamConnection } from "./connection.ts";
import type { Target } from "./target.ts";

/** The upstream, as an idle connection sees it. */
export interface IdleOwner {
  readonly config: Pick<UpstreamConfig, "keepaliveTimeout"> | null;
  /** An idle connection ended, or has to. */
  dropIdle(target: Target, connection: UpstreamConnection): void;
}

/** Watches an idle connection: whatever a target says without having been asked ends it. */
export class IdleUser implements ConnectionUser {
  readonly #upstream: IdleOwner;
  readonly #target: Target;
  readonly #connection: UpstreamConnection;

  constructor(upstream: IdleOwner, target: Target, connection: UpstreamConnection) {
    this.#upstream = upstream;
    this.#target = target;
    this.#connection = connection;
  }

  connected(): void {}
  drained(): void {}

  received(): void {
    this.#drop();
  }

  ended(): void {
    this.#drop();
  }

  lost(): void {
    this.#drop();
  }

  patience(): number {
    return this.#upstream.config?.keepaliveTimeout ?? 1;
  }

  overdue(): void {
    this.#drop();
  }

  #drop(): void {
    this.#upstream.dropIdle(this.#target, this.#connection);
  }
}
