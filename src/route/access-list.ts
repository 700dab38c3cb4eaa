import type { AccessConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { comparable, parseNetwork } from "../template/networks.ts";

/** Who may come in, by address: the first rule that holds it decides; without one it may. */
export class AccessList {
  readonly #rules: readonly { readonly allow: boolean; readonly contains: (address: string) => boolean }[];

  constructor(rules: readonly AccessConfig[]) {
    this.#rules = rules.map(({ allow, range }) => ({ allow, contains: parseNetwork(range).contains }));
  }

  permits(exchange: Exchange): boolean {
    const address = comparable(exchange.client.address);
    for (const { allow, contains } of this.#rules) if (contains(address)) return allow;
    return true;
  }
}
