import type { StaticConfig } from "../config/route-model.ts";
import { formatHttpDate } from "../http/conditional.ts";

type Expires = NonNullable<StaticConfig["expires"]>;

/** The fields of NGINX's `expires`: Expires (RFC 9111 §5.3) for old caches, Cache-Control for all others. `now`: seconds since 1970. */
export function expiryFields(expires: Expires, now: number): [string, string][] {
  if (expires === "max") return fields("Thu, 31 Dec 2037 23:55:55 GMT", `max-age=${TEN_YEARS}`);
  if (expires === "epoch") return fields("Thu, 01 Jan 1970 00:00:01 GMT", "no-cache");
  return fields(formatHttpDate(now + expires), expires < 0 ? "no-cache" : `max-age=${expires}`);
}

const TEN_YEARS = 315_360_000;

function fields(date: string, cacheControl: string): [string, string][] {
  return [
    ["Expires", date],
    ["Cache-Control", cacheControl],
  ];
}
