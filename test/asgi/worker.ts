import path from "node:path";
import type { TestContext } from "node:test";
import { type Stage, stage } from "../app/stage.ts";
import { type RealWorker, startWorker, type WorkerOptions } from "../worker/real-worker.ts";

const APPS = path.join(import.meta.dirname, "apps");

/** A pool behind the real engine with one real worker that runs an app of `apps/`, ready. */
export async function asgiStage(
  t: TestContext,
  options: WorkerOptions = {},
  settings: Parameters<typeof stage>[1] = {},
): Promise<Stage & { readonly real: RealWorker }> {
  const s = await stage(t, settings);
  const real = startWorker(t, s, 1, { target: "plain:app", directory: APPS, ...options });
  await real.heard("ready");
  return Object.assign(s, { real });
}

/** What the app has noted: `heard`, `sent`, `most`. */
export async function noted(
  s: Stage,
): Promise<{ heard: (string | number)[][]; sent: number; most: number; pid: number }> {
  return JSON.parse((await s.ask("/tell")).body) as { heard: string[][]; sent: number; most: number; pid: number };
}
