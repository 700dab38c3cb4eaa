import type { UpstreamRegistry } from "../proxy/registry.ts";
import type { ToEdge, UpstreamsAnswer } from "./messages.ts";

type Asked = Extract<ToEdge, { type: "upstreams" }>["asked"];

/** Changes what is asked for, and tells how the upstreams are then. */
export function answerOf(registry: UpstreamRegistry, asked: Asked): UpstreamsAnswer {
  let error: string | null = null;
  try {
    if (asked !== null) registry.change(asked.upstream, asked.change);
  } catch (cause) {
    error = cause instanceof Error ? cause.message : String(cause);
  }
  return { error, upstreams: registry.status() };
}
