import assert from "node:assert/strict";
import { describe } from "../../src/base/errors.ts";
import type { Disk } from "../../src/config/disk.ts";
import type { Flags } from "../../src/config/flags.ts";
import { type Inspection, inspectConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/model.ts";
import type { HandlerConfig, RouteConfig, SiteConfig } from "../../src/config/route-model.ts";
import type { WrittenSettings } from "../../src/config/schema.ts";

/** A disk that holds everything. */
const DISK: Disk = { isFile: () => true, isDirectory: () => true, read: () => "" };

/** A configuration in /srv, with what is wrong with it. */
export function inspect(document: WrittenSettings, flags: Flags = {}): Inspection {
  return inspectConfig({ file: null, document, profile: null, environment: {}, flags, directory: "/srv", disk: DISK });
}

/** A configuration in /srv that has to be right. */
export function load(document: WrittenSettings, flags: Flags = {}): Config {
  const { loaded, errors } = inspect(document, flags);
  assert.deepEqual(errors.map(describe), []);
  return loaded!.config;
}

export type WrittenSite = NonNullable<WrittenSettings["sites"]>[number];
export type WrittenRoute = WrittenSite["routes"][number];

/** The only site of a configuration. */
export function site(
  written: Omit<WrittenSite, "routes"> & { readonly routes?: WrittenRoute[] },
  more: WrittenSettings = {},
): SiteConfig {
  return load({ ...more, sites: [{ routes: [{ respond: "x" }], ...written }] }).sites[0]!;
}

/** The only route of a site. */
export function route(written: WrittenRoute, more: WrittenSettings = {}): RouteConfig {
  return site({ routes: [written] }, more).routes[0]!;
}

/** What the only route leads to. */
export function handler(written: WrittenRoute, more: WrittenSettings = {}): HandlerConfig {
  return route(written, more).handler;
}
