import type { DeadlineConfig } from "../config/deadline-model.ts";
import type { WebSocketSettings } from "../websocket/socket.ts";
import type { RequestNote } from "./request-note.ts";

export interface PoolSettings {
  readonly name: string;
  readonly queueSize: number;
  /** ms; 0: no limit. */
  readonly queueTimeout: number;
  /** Of requests whose route has none of its own. */
  readonly deadline: DeadlineConfig;
  readonly memoryLimit: number;
  readonly fileLimit: number;
  readonly webSocket: WebSocketSettings;
}

export interface PoolOwner {
  workerConnected(worker: number): void;
  workerIdle(worker: number): void;
  /** A worker is to be killed: something in it is past its hard deadline. */
  workerOverdue(worker: number, why: string): void;
  /** What was with a worker that has ended. */
  workerLost(worker: number, requests: readonly RequestNote[]): void;
  warn(message: string): void;
}
