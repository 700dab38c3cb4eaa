import { networkOf } from "../http/client-address.ts";
import { type Network, parseNetwork } from "../template/networks.ts";

/** How many connections each client has open: an IPv4 address, of IPv6 its /64. */
export class ClientCount {
  readonly #open = new Map<string, number>();
  /** Proxies, which connect for many. */
  #exempt: readonly Network[] = [];
  #most = 0;

  /** `most`: 0 for no limit. */
  configure(most: number, exempt: readonly string[]): void {
    this.#most = most;
    this.#exempt = exempt.map(parseNetwork);
  }

  /** Counts one more of this address; false, and not counted: it has as many as it may. Unix sockets have no address. */
  enter(address: string): boolean {
    if (address === "") return true;
    const client = networkOf(address);
    const open = this.#open.get(client) ?? 0;
    if (this.#most > 0 && open >= this.#most && !this.#exempt.some((network) => network.contains(address)))
      return false;
    this.#open.set(client, open + 1);
    return true;
  }

  leave(address: string): void {
    if (address === "") return;
    const client = networkOf(address);
    const left = (this.#open.get(client) ?? 1) - 1;
    if (left === 0) this.#open.delete(client);
    else this.#open.set(client, left);
  }
}
