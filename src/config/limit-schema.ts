import { z } from "zod";
import { count, flag, pattern, template } from "./kinds.ts";
import { named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

const LIMIT_NAME = /^[A-Za-z0-9_][\w.-]{0,99}$/;

const rate = pattern("rate", "10/s, 30/m or 100/h", /^\d+(?:\.\d+)?\/[smh]$/);
const name = pattern("name of a limit", "login", LIMIT_NAME);
const delay = z.union([flag, count(0)]);

const DELAY_MEANING =
  "Whether requests of the burst wait until their turn comes: `false` answers them at once, `true` makes them wait, a number answers so many at once.";

const STATUS_MEANING = "What is answered above it, with Retry-After.";
const DRY_MEANING = "Only count and log what would be refused.";

/** NGINX's `limit_req_zone` and what it says of all uses. */
export const rateLimitsSchema = named(
  LIMIT_NAME,
  "a name for a limit",
  section({
    key: withDefault(
      template,
      "{remote_network}",
      "What is counted apart: requests whose key is empty have no limit. `{remote_network}` is the client's address, of IPv6 its /64.",
    ),
    rate: rate.describe("How often each key may ask: `10/s`, `30/m`, `100/h`."),
    burst: withDefault(count(0), 0, "Requests above the rate that are still taken."),
    delay: withDefault(delay, false, DELAY_MEANING),
    keys: withDefault(count(1, 10_000_000), 100_000, "Keys that are remembered, about 200 bytes each."),
    status: withDefault(count(400, 599), 429, STATUS_MEANING),
    dry_run: withDefault(flag, false, DRY_MEANING),
  }),
);

/** NGINX's `limit_conn_zone`. */
export const concurrencyLimitsSchema = named(
  LIMIT_NAME,
  "a name for a limit",
  section({
    key: withDefault(template, "{remote_network}", "What is counted apart; an empty key has no limit."),
    most: withDefault(count(1), 10, "Requests of one key that are answered at the same time."),
    status: withDefault(count(400, 599), 429, STATUS_MEANING),
    dry_run: withDefault(flag, false, DRY_MEANING),
  }),
);

const rateUse = section({
  limit: name.describe("One of `rate_limits`."),
  burst: optional(count(0), "Requests above the rate that are still taken.", "that of the limit"),
  delay: optional(delay, DELAY_MEANING, "that of the limit"),
  status: optional(count(400, 599), STATUS_MEANING, "that of the limit"),
  dry_run: optional(flag, DRY_MEANING, "that of the limit"),
}).meta({ id: "rate" });

const concurrencyUse = section({
  limit: name.describe("One of `concurrency_limits`."),
  most: optional(count(1), "Requests of one key that are answered at the same time.", "that of the limit"),
  status: optional(count(400, 599), STATUS_MEANING, "that of the limit"),
  dry_run: optional(flag, DRY_MEANING, "that of the limit"),
}).meta({ id: "concurrency" });

/** A limit's name, a section, or a list of them. */
export const rateSchema = oneOrMore(shorthand(name, (limit) => ({ limit }), rateUse));
export const concurrencySchema = oneOrMore(shorthand(name, (limit) => ({ limit }), concurrencyUse));

export type RateLimitSettings = z.output<typeof rateLimitsSchema>[string];
export type ConcurrencyLimitSettings = z.output<typeof concurrencyLimitsSchema>[string];
