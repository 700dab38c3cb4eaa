/** What happened to a try. */
export interface TryOutcome {
  /** As `ProxyConfig.retry.on` names it. */
  readonly kind: string;
  /** Something of the request was written. */
  readonly sent: boolean;
  /** Tries so far, this one included. */
  readonly tries: number;
  readonly targets: number;
  /** Milliseconds since the first try began. */
  readonly elapsed: number;
}

/**
 * Whether another target may be asked (NGINX's proxy_next_upstream; RFC 9110 §9.2.2): the configuration says so for what
 * happened, tries and time are left, and sending the request twice can't do something twice.
 */
export function mayRetry(
  outcome: TryOutcome,
  request: { readonly idempotent: boolean; readonly replayable: boolean },
  on: ReadonlySet<string>,
  limits: { readonly tries: number; readonly timeout: number },
): boolean {
  if (!on.has(outcome.kind) || !request.replayable) return false;
  if (outcome.tries >= (limits.tries === 0 ? outcome.targets : limits.tries)) return false;
  if (limits.timeout > 0 && outcome.elapsed >= limits.timeout) return false;
  return !outcome.sent || request.idempotent || on.has("non-idempotent");
}

/** The status for a try that failed for good. */
export function statusOf(kind: "error" | "timeout" | "invalid-header" | "refused"): number {
  return kind === "timeout" ? 504 : kind === "refused" ? 500 : 502;
}
