/** How the request came to be answered, in NGINX's words: `{upstream_cache_status}`, and the label of the metrics. */
export type Result = "HIT" | "MISS" | "EXPIRED" | "STALE" | "UPDATING" | "REVALIDATED" | "BYPASS";

export const RESULTS: readonly Result[] = ["HIT", "MISS", "EXPIRED", "STALE", "UPDATING", "REVALIDATED", "BYPASS"];

/** Why a request went on to the handler (RFC 9211 §2.2). */
export type Forward = "uri-miss" | "vary-miss" | "stale" | "request" | "bypass" | "method";

/** The name that we go by in Cache-Status (RFC 9211 §2). */
const NAME = "propylon";

/** Answered from what is stored; `left`: milliseconds of freshness, negative for a stale one (RFC 9211 §2.1, §2.4). */
export function hitNote(left: number): string {
  return `${NAME}; hit; ttl=${Math.floor(left / 1000)}`;
}

/** Answered by asking on. `left` null: nothing was kept of it. */
export function forwardNote(
  why: Forward,
  more: {
    readonly status?: number;
    readonly left?: number | null;
    readonly collapsed?: boolean;
    readonly detail?: string;
  },
): string {
  const { status, left, collapsed, detail } = more;
  let note = `${NAME}; fwd=${why}`;
  if (status !== undefined) note += `; fwd-status=${status}`;
  if (left !== undefined && left !== null) note += `; stored; ttl=${Math.floor(left / 1000)}`;
  if (collapsed === true) note += "; collapsed";
  if (detail !== undefined) note += `; detail="${detail}"`;
  return note;
}
