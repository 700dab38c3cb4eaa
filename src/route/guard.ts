import type { Exchange } from "../http/exchange.ts";
import type { Check, Denial, Verdict } from "../middleware/check.ts";
import type { Cors } from "../middleware/cors.ts";
import type { Limiter } from "../middleware/limiter.ts";
import { knownState } from "../template/request-state.ts";

export interface GuardParts {
  readonly limiter: Limiter | null;
  readonly cors: Cors | null;
  /** In their order: by address, by password, by another's word. */
  readonly checks: readonly Check[];
  readonly satisfy: "all" | "any";
}

/** What stands before a route's handler: limits first, then preflights, then who may come in. In NGINX's order. */
export class Guard {
  readonly #parts: GuardParts;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** Calls `go` when the exchange may go on, now or later; else it has been answered, or was aborted. */
  admit(exchange: Exchange, go: () => void): void {
    // The question of a check is not itself checked, as NGINX's subrequests aren't.
    if (knownState(exchange)?.isOwn === true) return go();
    const { limiter } = this.#parts;
    if (limiter === null) this.#inspect(exchange, go);
    else
      limiter.admit(
        exchange,
        () => this.#inspect(exchange, go),
        (denial) => deny(exchange, denial),
      );
  }

  // --- internal ---

  #inspect(exchange: Exchange, go: () => void): void {
    // A browser sends no login with a preflight.
    if (this.#parts.cors?.preflight(exchange) === true) return;
    if (this.#parts.checks.length === 0) go();
    else this.#ask(exchange, 0, null, go);
  }

  #ask(exchange: Exchange, place: number, denied: Denial | null, go: () => void): void {
    const { checks, satisfy } = this.#parts;
    const check = checks[place];
    if (check === undefined) {
      if (denied === null) go();
      else deny(exchange, denied);
      return;
    }
    check.check(exchange, (verdict: Verdict) => {
      if (verdict === null || exchange.aborted) return;
      if (verdict === "pass" && satisfy === "any") return go();
      if (verdict === "pass" || verdict === "silent") return this.#ask(exchange, place + 1, denied, go);
      const refuses = verdict.status === 401 || verdict.status === 403;
      if (satisfy === "all" || !refuses) return deny(exchange, verdict);
      this.#ask(exchange, place + 1, denied === null ? verdict : joined(denied, verdict), go);
    });
  }
}

// --- internal ---

/** Whoever may come in with a password is asked for it, by all who could take one, and not sent away. */
function joined(one: Denial, other: Denial): Denial {
  const graver = one.status === 401 ? one : other;
  return { ...graver, headers: [...one.headers, ...other.headers] };
}

function deny(exchange: Exchange, { status, reason, headers }: Denial): void {
  exchange.fail(status, reason, headers);
}
