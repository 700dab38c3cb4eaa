import type { Exchange } from "../http/exchange.ts";

/** What leads an exchange on: the site, as handlers, rules and error pages know it. */
export interface Guide {
  /** An internal redirect: rules and routes are gone through again for this path (decoded, latin-1) and query. */
  redirect(exchange: Exchange, path: string, query: string): void;
  /** To the route of this name, without the `@`. */
  enter(exchange: Exchange, name: string): void;
  /** Whether a route of the site is `internal` or has a name: then answers may lead there. */
  readonly hidesRoutes: boolean;
  /** The path under which an internal route serves this file of the disk, or null. */
  pathOfFile(file: string): string | null;
  /** Whether this path would be answered by an `internal` route. */
  leadsInside(exchange: Exchange, path: string): boolean;
  /** Locations that are paths become absolute, as NGINX's do. */
  readonly absolute: boolean;
}
