import type { LogTable } from "./log-model.ts";
import type { CacheStoreConfig } from "./model.ts";
import type { LimitTable } from "./policy-model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import type { UpstreamTable } from "./resolve-upstreams.ts";
import type { RouteOptions } from "./route-model.ts";
import type { Path } from "./sourced.ts";
import type { TemplateScope } from "./template-check.ts";

/** What routes, rules and handlers are resolved in the sight of. */
export interface RouteContext extends ResolveContext, TemplateScope {
  readonly apps: ReadonlySet<string>;
  readonly upstreams: UpstreamTable;
  readonly caches: Readonly<Record<string, CacheStoreConfig>>;
  readonly logs: LogTable;
  readonly limits: LimitTable;
  readonly order: "written" | "nginx";
  /** Where the site stands, and the names of its routes. */
  readonly site: Path;
  readonly routeNames: ReadonlySet<string>;
  /** The most groups of any pattern of the site. */
  readonly siteCaptures: number;
  /** Of the site, or of the route around. */
  readonly options: RouteOptions;
  /** The fixed path of the route, and whether it may go on (`path`, `prefix`); null for patterns. */
  readonly own: OwnPath | null;
}

export interface OwnPath {
  readonly path: string;
  readonly kind: "segments" | "prefix" | "exact";
}
