import { z } from "zod";
import { choice, count, flag, pattern, text } from "./kinds.ts";
import { headerName, TOKEN } from "./name-patterns.ts";
import { named, oneOrMore, optional, section, withDefault } from "./sections.ts";

const range = pattern("address range", "10.0.0.0/8, 192.0.2.1 or unix:", /^\S+$/);

const trustKeys = section({
  from: withDefault(oneOrMore(range), [], "Addresses and networks of the proxies, `unix:` for a Unix socket."),
  take: withDefault(
    oneOrMore(choice("address", "scheme", "host", "port")),
    ["address", "scheme", "port"],
    "What a proxy is believed: the client's address, its scheme, the host and the port that it asked for. `host` only where the proxy itself writes X-Forwarded-Host for every request.",
  ),
  fields: withDefault(
    choice("auto", "x-forwarded", "forwarded"),
    "auto",
    "Which fields say it: `X-Forwarded-*`, `Forwarded` (RFC 7239), or `auto`: the first, and the other where a request has none of them.",
  ),
  address_field: optional(
    headerName,
    "The field with the client's address, such as `X-Real-IP` or `CF-Connecting-IP`.",
    "that of `fields`",
  ),
  secure_fields: optional(
    named(TOKEN, "a header name", text),
    "Fields and their values that say that the client came by TLS, such as `X-Forwarded-Ssl: on`.",
    "X-Forwarded-Proto or `proto=` says the scheme",
  ),
  recursive: withDefault(
    flag,
    true,
    "Of several addresses, the last that is not itself that of a trusted proxy; `false`: the last.",
  ),
  hops: withDefault(count(0, 100), 0, "Believe this many proxies, whatever their addresses. 0 goes by `from`."),
  strip: withDefault(
    flag,
    true,
    "Remove `Forwarded`, `X-Forwarded-*` and `X-Real-IP` of requests that come from nobody in `from`. `false` lets apps and upstreams see what anybody claims.",
  ),
});

/** A list of networks, or a section. */
export const trustSchema = z.union([oneOrMore(range).transform((from) => trustKeys.parse({ from })), trustKeys]);

/** `true`, or a section. */
export const proxyProtocolSchema = z.union([
  flag,
  section({
    from: optional(
      oneOrMore(range),
      "Who may connect: addresses, networks, `unix:`, or `all` where nobody else can reach the listener.",
      "`trusted_proxies`",
    ),
    take: withDefault(flag, true, "Take the address for the client's; else only `{proxy_protocol_addr}` has it."),
  }).meta({ id: "proxy_protocol" }),
]);

export type TrustSettings = z.output<typeof trustSchema>;
export type ProxyProtocolSettings = z.output<typeof proxyProtocolSchema>;
