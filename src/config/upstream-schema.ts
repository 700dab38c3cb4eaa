import type { z } from "zod";
import { choice, count, duration, flag, template, text } from "./kinds.ts";
import { UPSTREAM_NAME, urlPath } from "./name-patterns.ts";
import { resolverSchema } from "./resolver-schema.ts";
import { list, named, optional, section, shorthand, withDefault } from "./sections.ts";

const targetSchema = section({
  address: text.describe(
    "Where it is: `http://127.0.0.1:8080`, `127.0.0.1:8080`, `unix:/run/x.sock`, or a URL with another scheme (https, uwsgi, puwsgi, fastcgi, scgi).",
  ),
  weight: withDefault(count(1, 65_535), 1, "Its share, compared with the others'."),
  max_connections: withDefault(
    count(0),
    0,
    "Connections open at once; 0 for no limit. `puwsgi` needs it: as many as uWSGI has processes times threads.",
  ),
  max_fails: withDefault(count(0), 1, "So many failures within `fail_timeout` take it out; 0 for never."),
  fail_timeout: withDefault(duration, "10s", "The time for `max_fails`, and how long it is then left out."),
  backup: withDefault(flag, false, "Only asked while no other target can be."),
  down: withDefault(flag, false, "Not asked at all."),
}).meta({ id: "target" });

const upstreamSchema = section({
  targets: list(shorthand(text, (address) => ({ address }), targetSchema)).describe(
    "The servers: a list of addresses or sections.",
  ),
  balance: withDefault(
    choice("round-robin", "least-connections", "random-two", "hash", "ip-hash", "sticky"),
    "round-robin",
    "How a target is chosen. `hash` by `key`, `ip-hash` by the client's network, `sticky` by a cookie of ours.",
  ),
  key: optional(
    template,
    "What `hash` goes by, a template; for `sticky` the cookie's name.",
    "`{request_uri}` for `hash`, `propylon_target` for `sticky`",
  ),
  consistent: withDefault(flag, true, "With `hash`: a target more or less moves few keys."),
  resolver: optional(resolverSchema, "Name servers that know the addresses of its targets.", "the system"),
  keepalive: withDefault(count(0, 65_535), 32, "Idle connections kept open by each edge; 0 for a new one each time."),
  keepalive_timeout: withDefault(duration, "60s", "How long an idle connection is kept."),
  keepalive_requests: withDefault(count(0), 0, "Requests that one connection carries; 0 for no limit."),
  keepalive_time: withDefault(duration, 0, "How long one connection is used in all; 0 for no limit."),
  queue: withDefault(
    section({
      size: withDefault(
        count(0),
        0,
        "Requests that may wait while every target is at its `max_connections`; for `puwsgi` 0 means 1000.",
      ),
      timeout: withDefault(duration, "10s", "Longest wait before a 502."),
    }).meta({ id: "upstream_queue" }),
    {},
    "Requests that wait because every target is busy.",
  ),
  slow_start: withDefault(duration, 0, "Time in which a target that came back grows to its full share; 0 for at once."),
  health: optional(
    section({
      path: optional(urlPath, "Path to ask for; 2xx and 3xx are well.", "a connection is enough"),
      interval: withDefault(duration, "5s", "Between two checks."),
      timeout: withDefault(duration, "2s", "For one check."),
      fails: withDefault(count(1), 3, "So many failures in a row take the target out."),
      passes: withDefault(count(1), 2, "So many good checks in a row bring it back."),
    }).meta({ id: "upstream_health" }),
    "Checks made at all times; `{}` for TCP connections.",
    "no checks",
  ),
}).meta({ id: "upstream" });

/** Every upstream by its name. */
export const upstreamsSchema = named(
  UPSTREAM_NAME,
  "a name for an upstream: letters, digits, dots, - and _, at most 100",
  upstreamSchema,
);

export type UpstreamSettings = z.output<typeof upstreamSchema>;
export type TargetSettings = UpstreamSettings["targets"][number];
