import { AppHandler } from "../app/app-handler.ts";
import type { Pool } from "../app/pool.ts";
import type { Log } from "../base/log.ts";
import type { Config, HandlerConfig, RouteConfig, SiteConfig } from "../config/model.ts";
import type { Handler } from "../http/exchange.ts";
import { createRedirectHandler } from "../respond/redirect.ts";
import { createRespondHandler } from "../respond/respond.ts";
import type { StaticCache } from "../static/cache.ts";
import { createStaticHandler } from "../static/handler.ts";
import { BrokenAppPage } from "./broken-app-page.ts";
import { RouteTable } from "./route-table.ts";
import { type Site, SiteTable } from "./site-table.ts";

/** What handlers are made from besides the configuration. Outlives a reload. */
export interface Parts {
  readonly pools: ReadonlyMap<string, Pool>;
  readonly cache: StaticCache;
  readonly log: Log;
}

/**
 * The handler chain of a configuration, read from top to bottom:
 *
 *     site by host -> route by path -> app | static | redirect | respond
 */
export function compose(config: Config, parts: Parts): Handler {
  return new SiteTable(config.sites.map((site) => composeSite(config, site, parts)));
}

function composeSite(config: Config, site: SiteConfig, parts: Parts): Site {
  const named = site.hosts.find((host) => host !== "_");
  const routes = site.routes.map((route) => ({
    match: route.match,
    methods: route.methods,
    handler: composeHandler(config, site, route, parts),
  }));
  return { name: named ?? "default", hosts: site.hosts, routes: new RouteTable(routes) };
}

function composeHandler(config: Config, site: SiteConfig, route: RouteConfig, parts: Parts): Handler {
  const handler: HandlerConfig = route.handler;
  switch (handler.kind) {
    case "app": {
      const pool = parts.pools.get(handler.app)!;
      const serverName = site.hosts.find((host) => host !== "_" && !host.startsWith("*.")) ?? "";
      const app = new AppHandler(pool, handler.mount, serverName, config.limits.spoolMemory);
      return config.apps[handler.app]!.tracebacks ? new BrokenAppPage(pool, app) : app;
    }
    case "static":
      return createStaticHandler(handler, parts.cache, parts.log);
    case "redirect":
      return createRedirectHandler(handler);
    case "respond":
      return createRespondHandler(handler);
  }
}
