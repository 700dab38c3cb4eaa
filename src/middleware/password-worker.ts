import { parentPort } from "node:worker_threads";
import { isPassword } from "./password.ts";

/** What the thread of password checks is asked. */
export interface PasswordQuestion {
  readonly id: number;
  readonly password: Uint8Array;
  readonly hash: string;
}

export interface PasswordAnswer {
  readonly id: number;
  readonly right: boolean;
}

// A thread of its own: one bcrypt check takes longer than hundreds of requests.
parentPort?.on("message", ({ id, password, hash }: PasswordQuestion) => {
  const answer: PasswordAnswer = { id, right: isPassword(Buffer.from(password), hash) };
  parentPort!.postMessage(answer);
});
