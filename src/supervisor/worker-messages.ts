import { type MetricsMessage, parseMetricsMessage } from "./metrics-message.ts";

/** What a worker says on its control channel (docs/worker-protocol.md), and what the launcher says in its place. */
export type WorkerMessage =
  | {
      readonly type: "ready";
      readonly python: string;
      readonly loaded: number;
      readonly interface: AppInterface;
    }
  | {
      readonly type: "failed";
      readonly reason: string;
      readonly remedy: string | null;
      readonly traceback: string | null;
    }
  | { readonly type: "stacks"; readonly id: number; readonly text: string }
  /** It writes the stacks of its threads to its file when it gets this signal; 0: it can't. */
  | { readonly type: "recording"; readonly signal: number }
  | { readonly type: "warning"; readonly text: string }
  | MetricsMessage;

/** How a worker calls its app. */
export interface AppInterface {
  readonly kind: "wsgi" | "asgi";
  readonly why: string;
  /** The event loop; empty for WSGI. */
  readonly loop: string;
}

/** Checks one line; null when it is no message that we know. The worker runs code that isn't ours: nothing is trusted. */
export function parseWorkerMessage(line: string): WorkerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { ready, failed, stacks, text, recording, warning } = value;
  if (isObject(ready)) {
    const { python, loaded_ms: loaded, kind, why, loop } = ready;
    return {
      type: "ready",
      python: textOf(python) ?? "",
      loaded: typeof loaded === "number" ? loaded : 0,
      interface: { kind: kind === "asgi" ? kind : "wsgi", why: textOf(why) ?? "", loop: textOf(loop) ?? "" },
    };
  }
  if (isObject(failed)) {
    const { reason, remedy, traceback } = failed;
    if (typeof reason !== "string") return null;
    return { type: "failed", reason, remedy: textOf(remedy), traceback: textOf(traceback) };
  }
  if (typeof stacks === "number" && typeof text === "string") return { type: "stacks", id: stacks, text };
  // Only what no program uses otherwise: the worker runs code that isn't ours.
  if (typeof recording === "number")
    return { type: "recording", signal: recording > 34 && recording <= 64 ? recording : 0 };
  if (typeof warning === "string") return { type: "warning", text: warning };
  return parseMetricsMessage(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
