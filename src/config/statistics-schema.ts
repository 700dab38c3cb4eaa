import type { z } from "zod";
import { account } from "./app-schema.ts";
import { address, flag, permissions } from "./kinds.ts";
import { optional, section, withDefault } from "./sections.ts";

/** A socket that tells figures as uWSGI's stats server does. */
export const uwsgiStatsSchema = section({
  address: address.describe(
    "Where to tell them: `127.0.0.1:1717`, `unix:./stats.sock`. Whoever reaches it reads them, the requests that run now included.",
  ),
  http: withDefault(flag, false, "Put the head of an HTTP answer before the document."),
  minified: withDefault(flag, false, "Without spaces and line ends."),
  mode: withDefault(permissions, "0600", "Permission bits of a Unix socket."),
  owner: optional(account, "Owner of a Unix socket.", "unchanged"),
  group: optional(account, "Group of a Unix socket.", "unchanged"),
});

export type UwsgiStatsSettings = z.output<typeof uwsgiStatsSchema>;
