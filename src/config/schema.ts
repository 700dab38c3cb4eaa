import { z } from "zod";
import { account, appsSchema } from "./app-schema.ts";
import { cachesSchema } from "./cache-schema.ts";
import { address, choice, count, duration, flag, path, pattern, size } from "./kinds.ts";
import { concurrencyLimitsSchema, rateLimitsSchema } from "./limit-schema.ts";
import { listenerSchema } from "./listener-schema.ts";
import { accessLogsSchema, destinationKeys, logFormatsSchema } from "./log-schema.ts";
import { headerName } from "./name-patterns.ts";
import { programsSchema } from "./program-schema.ts";
import { list, named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";
import { siteSchema } from "./site-schema.ts";
import { uwsgiStatsSchema } from "./statistics-schema.ts";
import { trustSchema } from "./trust-schema.ts";
import { upstreamsSchema } from "./upstream-schema.ts";
import { variablesSchema } from "./variables-schema.ts";

/** The whole of propylon.yaml. Types, checks, `docs/settings.md` and the JSON Schema for editors come from here. */
export const settingsSchema = section({
  listeners: optional(
    list(shorthand(address, (written) => ({ address: written }), listenerSchema)),
    "Where clients connect: a list of addresses or sections.",
    "`127.0.0.1:8000`",
  ),
  admin: optional(
    address,
    "TCP address of the control API: `/livez` and `/readyz` for anybody, all else for who holds the token (docs/control.md).",
    "none; the control socket is always there",
  ),
  admin_token: optional(
    path,
    "File with the token that `admin` asks for, made when it is first needed.",
    "`/var/lib/propylon/admin-token` for root, `~/.local/state/propylon/admin-token` for others",
  ),
  admin_metrics: withDefault(flag, true, "Whether `/metrics` of `admin` needs no token."),
  uwsgi_stats: optional(
    shorthand(address, (written) => ({ address: written }), uwsgiStatsSchema),
    "Where each connection gets figures as uWSGI's stats server tells them, for `uwsgitop` and the like: an address, or a section.",
    "nowhere",
  ),
  user: optional(
    account,
    "User that serves clients, when started as root; only the main process stays root.",
    "unchanged",
  ),
  group: optional(account, "Group that serves clients, when started as root.", "the user's own group"),
  apps: optional(appsSchema, "Python applications, by name.", "none"),
  programs: optional(programsSchema, "Other commands that are kept alive, by name.", "none"),
  variables: optional(
    variablesSchema,
    "Values that are looked up for each request where a template names them.",
    "none",
  ),
  upstreams: optional(upstreamsSchema, "Groups of servers that routes proxy to, by name.", "none"),
  sites: optional(
    list(siteSchema),
    "Hosts and their routes. May be left out when there is one app: it then answers everything.",
    "everything to the one app",
  ),
  rate_limits: optional(
    rateLimitsSchema,
    "Limits on how often something may be asked for, by name; routes name them in `rate`. Each edge counts for itself.",
    "none",
  ),
  concurrency_limits: optional(
    concurrencyLimitsSchema,
    "Limits on how many requests are answered at the same time, by name; routes name them in `concurrency`.",
    "none",
  ),
  trusted_proxies: optional(
    trustSchema,
    "Proxies in front that are believed who the client is (docs/front.md): networks, or a section. Of everyone else the fields that say so are removed.",
    "nobody",
  ),
  unknown_hosts: withDefault(
    choice<"default" | 404 | 421>("default", 404, 421),
    "default",
    "What hosts get that no site names: the site with `default` or `_`, else the first; or, where no site has one of these, 404 or 421.",
  ),
  limits: withDefault(
    section({
      request_line: withDefault(size, "8KB", "Longest request line; longer ones get 414."),
      header_size: withDefault(size, "32KB", "Largest header section; larger ones get 431."),
      header_count: withDefault(count(1, 10_000), 100, "Most header fields; more get 431."),
      body: withDefault(size, "100MB", "Largest request body; larger ones get 413. 0 for no limit."),
      spool_memory: withDefault(
        size,
        "256KB",
        "Request bodies and waiting responses above this size go to a temporary file.",
      ),
      spool_file: withDefault(
        size,
        "1GB",
        "Bytes of one response kept for a slow client before the app has to wait for it.",
      ),
      connections: withDefault(
        count(1),
        10_000,
        "Open client connections. Who comes then takes the place of an idle one; where there is none, 503.",
      ),
      connections_per_client: withDefault(
        count(0),
        0,
        "Open connections of one address (of IPv6: of one /64); more get 503. Not for `trusted_proxies`. 0 for no limit.",
      ),
      requests_per_connection: withDefault(
        count(0),
        0,
        "Requests on one connection of HTTP/1.1, which is then closed. 0 for no limit.",
      ),
      http2: withDefault(
        section({
          streams: withDefault(count(1, 10_000), 128, "Requests at once on a connection."),
          resets: withDefault(
            count(1),
            200,
            "Requests that a client may give up before their answer, at once; a tenth of that again each second. Then the connection is closed.",
          ),
          frames: withDefault(
            count(10),
            1000,
            "Frames without use (PING, SETTINGS, empty DATA), at once; a tenth of that again each second. Then the connection is closed.",
          ),
          buffer: withDefault(
            size,
            "8MB",
            "Bytes of responses that wait in memory for one client; its further requests wait meanwhile.",
          ),
        }),
        {},
        "Bounds on one connection of HTTP/2.",
      ),
    }),
    {},
    "Bounds on what one client may ask for.",
  ),
  timeouts: withDefault(
    section({
      head: withDefault(duration, "10s", "From the first byte of a request to the end of its head."),
      body: withDefault(duration, "30s", "Between two parts of a request body."),
      idle: withDefault(duration, "75s", "Of a kept-alive connection without a request."),
      write: withDefault(duration, "30s", "Of a client that has stopped reading its response."),
      drain: withDefault(duration, "30s", "For requests in flight at stop and reload."),
      minimum_rate: withDefault(
        size,
        "240B",
        "Bytes a second that a request body, and a response being read, must reach on average. 0 for no limit.",
      ),
      rate_grace: withDefault(duration, "5s", "Time before `minimum_rate` counts."),
    }),
    {},
    "How long clients are waited for.",
  ),
  static: withDefault(
    section({
      cache_size: withDefault(size, "64MB", "Memory for small static files, of all roots together."),
      cache_file: withDefault(size, "1MB", "Largest file that is kept in memory."),
    }),
    {},
    "The in-memory cache of static files.",
  ),
  caches: optional(
    cachesSchema,
    "Stores of the HTTP cache, by name, for the `cache` of sites and routes.",
    "one of 64MB, named `default`",
  ),
  log_formats: optional(logFormatsSchema, "Formats for lines of access logs, by name.", "none"),
  access_log: optional(
    accessLogsSchema,
    "One line for each request: a file, `-` for stdout, a section, a list of these, or `false`. Sites and routes may name others.",
    "`false`",
  ),
  request_id: optional(
    z.union([
      flag.transform((on) => (on ? { header: "X-Request-ID", trust: [], respond: false } : undefined)),
      section({
        header: withDefault(headerName, "X-Request-ID", "Field that apps and upstreams get the id in."),
        trust: withDefault(
          oneOrMore(pattern("address range", "10.0.0.0/8, 192.0.2.1, unix: or all", /^\S+$/)),
          [],
          "Clients whose own id, in this field, is taken: addresses, networks, `unix:` or `all`. Others get a new one.",
        ),
        respond: withDefault(flag, false, "Send the id to clients too."),
      }).meta({ id: "request_id" }),
    ]),
    "Give each request an id, for logs (`{request_id}`), apps and upstreams: `true`, or a section.",
    "`false`",
  ),
  log: withDefault(
    section({
      level: withDefault(choice("debug", "info", "warn", "error"), "info", "Least severity that is written."),
      format: withDefault(choice("text", "json"), "text", "Format of a line."),
      ...destinationKeys,
      path: optional(path, "File to append to. One of `path`, `syslog` and `journald`.", "stderr"),
    }),
    {},
    "Our own log and that of the apps.",
  ),
  profiles: optional(
    named(/^[A-Za-z0-9][\w.-]*$/, "a name for a profile", named(/^/, "a key", z.unknown())),
    "Named sets of overrides: the same keys as at the top. Sections merge, lists replace, `null` removes.",
    "none",
  ),
});

/** propylon.yaml with its defaults and plain units, paths still as written. */
export type Settings = z.output<typeof settingsSchema>;
/** What may be written in propylon.yaml, as plain data: what importers produce. */
export type WrittenSettings = z.input<typeof settingsSchema>;
