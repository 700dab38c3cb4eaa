import type { z } from "zod";
import { account } from "./app-schema.ts";
import { address, choice, flag, permissions } from "./kinds.ts";
import { optional, section, withDefault } from "./sections.ts";
import { tlsSchema } from "./tls-schema.ts";
import { proxyProtocolSchema } from "./trust-schema.ts";

/** A bound socket. */
export const listenerSchema = section({
  address: address.describe(
    "Where to listen: `127.0.0.1:8000`, `*:80` for every network, `[::1]:80`, `unix:./app.sock`; port 0 lets the system choose.",
  ),
  protocol: withDefault(
    choice("http", "uwsgi"),
    "http",
    "What clients speak: `uwsgi` for an NGINX in front with `uwsgi_pass`.",
  ),
  http2: withDefault(
    flag,
    true,
    "Speak HTTP/2 too with clients that ask for it: over TLS by ALPN, in clear text by prior knowledge.",
  ),
  tls: optional(tlsSchema, "TLS with these certificates.", "none: clients speak plainly"),
  proxy_protocol: optional(
    proxyProtocolSchema,
    "Connections begin with a PROXY protocol header (version 1 or 2), before TLS: `true`, or a section. Connections without one, or from elsewhere than `trusted_proxies`, are closed.",
    "`false`",
  ),
  public: withDefault(
    flag,
    false,
    "Allow `protocol: uwsgi` on an address that other machines reach: whoever does can set any variable of a request.",
  ),
  mode: withDefault(permissions, "0660", "Permission bits of a Unix socket."),
  owner: optional(account, "Owner of a Unix socket.", "unchanged"),
  group: optional(account, "Group of a Unix socket.", "unchanged"),
  unlink: withDefault(flag, true, "Remove a Unix socket when stopping."),
});

export type ListenerSettings = z.output<typeof listenerSchema>;
