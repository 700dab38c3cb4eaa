import type { z } from "zod";
import { httpsRedirectSchema } from "./browser-schema.ts";
import { address, choice, flag, pattern } from "./kinds.ts";
import { optionKeys } from "./options-schema.ts";
import { routeSchema, ruleSchema } from "./route-schema.ts";
import { list, oneOrMore, optional, section, withDefault } from "./sections.ts";
import { trustSchema } from "./trust-schema.ts";

const host = pattern(
  "host name",
  "example.org or *.example.org",
  /^(?:_|~.+|(?:\*?\.)?[^\s:/*@~]+|\[[\da-fA-F:.]+\])$/,
);

/** A set of hosts and its routes. */
export const siteSchema = section({
  hosts: optional(
    oneOrMore(host),
    "Host names: `example.org`, `*.example.org` for every name under it, `.example.org` for both, `~PATTERN` for a JavaScript regular expression, `_` for any.",
    "`_`",
  ),
  listeners: optional(
    oneOrMore(address),
    "Addresses of the listeners that it answers on, as they stand in `listeners`.",
    "all of them",
  ),
  default: withDefault(
    flag,
    false,
    "Answer for hosts that no site names. Without such a site the one with `_` does, else the first.",
  ),
  order: withDefault(
    choice("written", "nginx"),
    "written",
    "How a route is chosen: the first that matches, or as NGINX chooses (exact, else the longest prefix unless a regex matches).",
  ),
  redirect_to_https: optional(
    httpsRedirectSchema,
    "Send requests without TLS to the same URL with https: `true`, or a section.",
    "`false`",
  ),
  trusted_proxies: optional(
    trustSchema,
    "Proxies that are believed here who the client is; `host` can't be taken here, as the site is chosen by it.",
    "those of the top level",
  ),
  rules: optional(list(ruleSchema), "Run in order before a route is looked for: rewrites, variables, answers.", "none"),
  ...optionKeys,
  routes: list(routeSchema).describe("Routes: what matches, and what answers."),
});

export type SiteSettings = z.output<typeof siteSchema>;
export type { RouteSettings } from "./route-schema.ts";
