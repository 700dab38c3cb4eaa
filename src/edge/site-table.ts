import type { Exchange, Handler } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import type { RouteTable } from "./route-table.ts";

const SERVER_OPTIONS = new ResponseHead(204, [["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]]);

export interface Site {
  /** As metrics and logs call it: its first host, or `default`. */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly routes: RouteTable;
}

/** Picks the site by host (exact, then the longest `*.` wildcard, then the first site), the route by path, and hands over. */
export class SiteTable implements Handler {
  readonly #exact = new Map<string, Site>();
  readonly #wildcards = new Map<string, Site>();
  readonly #default: Site | null;

  constructor(sites: readonly Site[]) {
    this.#default = sites.find((site) => site.hosts.includes("_")) ?? sites[0] ?? null;
    for (const site of sites) {
      for (const host of site.hosts) {
        if (host.startsWith("*.")) this.#wildcards.set(host.slice(1), site);
        else if (!this.#exact.has(host)) this.#exact.set(host, site);
      }
    }
  }

  handle(exchange: Exchange): void {
    const site = this.#find(exchange.host);
    if (site === null) return exchange.fail(404, "No site is configured");
    exchange.site = site.name;
    if (exchange.target === "*") {
      // `OPTIONS *` asks about the server itself (RFC 9110 §9.3.7); the engine lets no other method ask for `*`.
      exchange.respond(SERVER_OPTIONS, null);
      return;
    }
    const found = site.routes.find(exchange);
    if (found === null) exchange.fail(404, "No route matches this path");
    else if ("allowed" in found)
      exchange.fail(405, "This path does not take that method", [["Allow", found.allowed.join(", ")]]);
    else found.handle(exchange);
  }

  #find(host: string): Site | null {
    if (this.#exact.size === 0 && this.#wildcards.size === 0) return this.#default;
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf("."); dot >= 0 && this.#wildcards.size > 0; dot = host.indexOf(".", dot + 1)) {
      const site = this.#wildcards.get(host.slice(dot));
      if (site !== undefined) return site;
    }
    return this.#default;
  }
}
