import type { Exchange, Handler } from "../http/exchange.ts";
import { setCaptures } from "../template/request-state.ts";
import type { Site } from "./site.ts";

/**
 * Picks the site by listener and host, as NGINX picks a server: the exact name, the longest name with a wildcard in front
 * (`*.example.org`), the longest with one at the end (`www.*`), the first pattern in the written order, the default.
 */
export class SiteTable implements Handler {
  readonly #sites: readonly Site[];
  /** By the listener's address; null where no site names listeners: then one table is for all. */
  readonly #byListener: Map<string, HostTable> | null;
  readonly #all: HostTable;
  readonly #unknown: "default" | 404 | 421;

  /** `unknown`: what hosts get that no site names, where no site is the default for them. */
  constructor(sites: readonly Site[], unknown: "default" | 404 | 421 = "default") {
    this.#sites = sites;
    this.#unknown = unknown;
    this.#all = new HostTable(
      sites.filter(({ listeners }) => listeners === null),
      unknown,
    );
    this.#byListener = sites.every(({ listeners }) => listeners === null) ? null : new Map();
  }

  handle(exchange: Exchange): void {
    const table = this.#byListener === null ? this.#all : this.#tableOf(exchange.client.listener, this.#byListener);
    const site = table.find(exchange);
    if (site !== null) site.handle(exchange);
    else if (this.#unknown === 421) exchange.fail(421, "No site here has that host");
    else exchange.fail(404, this.#sites.length === 0 ? "No site is configured" : "No site here has that host");
  }

  #tableOf(listener: string, tables: Map<string, HostTable>): HostTable {
    let table = tables.get(listener);
    if (table === undefined) {
      table = new HostTable(
        this.#sites.filter(({ listeners }) => listeners?.includes(listener) ?? true),
        this.#unknown,
      );
      tables.set(listener, table);
    }
    return table;
  }
}

// --- internal ---

class HostTable {
  readonly #exact = new Map<string, Site>();
  /** `*.example.org` as `.example.org`. */
  readonly #leading = new Map<string, Site>();
  /** `www.*` as `www.`. */
  readonly #trailing = new Map<string, Site>();
  readonly #patterns: { readonly pattern: RegExp; readonly site: Site }[] = [];
  readonly #default: Site | null;

  constructor(sites: readonly Site[], unknown: "default" | 404 | 421) {
    const marked = sites.find((site) => site.default) ?? sites.find((site) => site.hosts.includes("_"));
    this.#default = marked ?? (unknown === "default" ? (sites[0] ?? null) : null);
    for (const site of sites) for (const host of site.hosts) this.#add(host, site);
  }

  find(exchange: Exchange): Site | null {
    const exact = this.#exact.get(exchange.host);
    if (exact !== undefined) return exact;
    // A name may end in the dot of the root (RFC 3986 §3.2.2).
    if (!exchange.host.endsWith(".")) return this.#search(exchange, exchange.host);
    const host = exchange.host.slice(0, -1);
    return this.#exact.get(host) ?? this.#search(exchange, host);
  }

  // --- internal ---

  #search(exchange: Exchange, host: string): Site | null {
    if (this.#leading.size > 0) {
      for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
        const site = this.#leading.get(host.slice(dot));
        // The wildcard stands for something.
        if (site !== undefined && dot > 0) return site;
      }
    }
    if (this.#trailing.size > 0) {
      for (let dot = host.lastIndexOf("."); dot > 0; dot = host.lastIndexOf(".", dot - 1)) {
        const site = this.#trailing.get(host.slice(0, dot + 1));
        if (site !== undefined && dot < host.length - 1) return site;
      }
    }
    for (const { pattern, site } of this.#patterns) {
      const match = host === "" ? null : pattern.exec(host);
      if (match === null) continue;
      if (match.length > 1) setCaptures(exchange, match);
      return site;
    }
    return this.#default;
  }

  /** The first site that claims a name has it. */
  #add(host: string, site: Site): void {
    if (host.startsWith("~")) this.#patterns.push({ pattern: new RegExp(host.slice(1), "i"), site });
    else if (host.startsWith("*.")) keep(this.#leading, host.slice(1), site);
    else if (host.startsWith(".")) {
      keep(this.#exact, host.slice(1), site);
      keep(this.#leading, host, site);
    } else if (host.endsWith(".*")) keep(this.#trailing, host.slice(0, -1), site);
    else if (host !== "_") keep(this.#exact, host, site);
  }
}

function keep(map: Map<string, Site>, name: string, site: Site): void {
  if (!map.has(name)) map.set(name, site);
}
