import type { z } from "zod";
import { duration, flag, text } from "./kinds.ts";
import type { ResolverConfig } from "./proxy-model.ts";
import { list, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

const resolverKeys = section({
  servers: oneOrMore(text).describe(
    "Name servers: `127.0.0.11`, `10.0.0.2:8600`, `[::1]:53`, or names that the system knows.",
  ),
  valid: optional(duration, "How long an answer holds.", "as long as it says itself"),
  timeout: withDefault(duration, "30s", "After which a name counts as one that can't be found."),
  ipv4: withDefault(flag, true, "Ask for IPv4 addresses."),
  ipv6: withDefault(flag, true, "Ask for IPv6 addresses."),
}).meta({ id: "resolver" });

/** A name server, a list of them, or a section. */
export const resolverSchema = shorthand(
  text,
  (server) => ({ servers: [server] }),
  shorthand(list(text), (servers) => ({ servers }), resolverKeys),
);

/** Its configuration; null: the system is asked. */
export function resolverOf(settings: z.output<typeof resolverKeys> | undefined): ResolverConfig | null {
  if (settings === undefined) return null;
  const { servers, valid, timeout, ipv4, ipv6 } = settings;
  return { servers, valid: valid ?? null, timeout, ipv4, ipv6: ipv6 || !ipv4 };
}
