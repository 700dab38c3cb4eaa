import type { AccessConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Check, Denial, Verdict } from "../middleware/check.ts";
import { comparable, parseNetwork } from "../template/networks.ts";

/** Who may come in, by address: the first rule that holds it decides; without one it may. */
export class AccessList implements Check {
  readonly #rules: readonly { readonly allow: boolean; readonly contains: (address: string) => boolean }[];

  constructor(rules: readonly AccessConfig[]) {
    this.#rules = rules.map(({ allow, range }) => ({ allow, contains: parseNetwork(range).contains }));
  }

  permits(exchange: Exchange): boolean {
    return this.#find(exchange) ?? true;
  }

  check(exchange: Exchange, done: (verdict: Verdict) => void): void {
    const allowed = this.#find(exchange);
    done(allowed === null ? "silent" : allowed ? "pass" : DENIED);
  }

  #find(exchange: Exchange): boolean | null {
    const address = comparable(exchange.client.address);
    for (const { allow, contains } of this.#rules) if (contains(address)) return allow;
    return null;
  }
}

const DENIED: Denial = { status: 403, reason: "Access from this address is not allowed", headers: [] };
