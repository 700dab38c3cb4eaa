import { approximated, ignored, mapped, type Outcome } from "../ledger.ts";

/** What an option of waitress-serve takes, and what becomes of it here. */
export interface WaitressOption {
  /** Without a value: a switch, which may have `no-` before it. */
  readonly takes: "value" | "nothing";
  readonly outcome: Outcome;
}

const value = (outcome: Outcome): WaitressOption => ({ takes: "value", outcome });
const nothing = (outcome: Outcome): WaitressOption => ({ takes: "nothing", outcome });
const TUNING = ignored("it tunes waitress's own loop and buffers");

/** Options of waitress 3 by name (waitress.runner and waitress.adjustments), with those of 1.x and 2.x. */
export const OPTIONS: Readonly<Record<string, WaitressOption>> = {
  help: nothing(ignored("propylon import takes no help option of waitress")),
  call: nothing(mapped()),
  app: value(mapped()),
  host: value(mapped()),
  port: value(mapped()),
  listen: value(mapped()),
  ipv4: nothing(approximated("an address of all networks listens on IPv4 and IPv6 alike")),
  ipv6: nothing(approximated("an address of all networks listens on IPv4 and IPv6 alike")),
  "unix-socket": value(mapped()),
  "unix-socket-perms": value(mapped()),
  "url-scheme": value(mapped()),
  "url-prefix": value(
    approximated(
      "it becomes the mount of the app: paths that do not begin with it are 404, waitress would pass them on",
    ),
  ),
  ident: value(ignored("no Server field is sent")),
  threads: value(mapped()),
  backlog: value(ignored("the backlog is the system's largest")),
  "recv-bytes": value(TUNING),
  "send-bytes": value(TUNING),
  "outbuf-overflow": value(TUNING),
  "outbuf-high-watermark": value(TUNING),
  "inbuf-overflow": value(TUNING),
  "connection-limit": value(mapped()),
  "cleanup-interval": value(TUNING),
  "channel-timeout": value(mapped("it is `timeouts.idle`")),
  "channel-request-lookahead": value(TUNING),
  "log-socket-errors": nothing(ignored("clients that leave are no errors here")),
  "log-untrusted-proxy-headers": nothing(ignored("header fields of untrusted proxies are not logged")),
  "max-request-header-size": value(mapped("it is `limits.header_size`")),
  "max-request-body-size": value(mapped("it is `limits.body`")),
  "expose-tracebacks": nothing(mapped("it is `tracebacks` of the app")),
  "asyncore-loop-timeout": value(TUNING),
  "asyncore-use-poll": nothing(TUNING),
  "trusted-proxy": value(mapped("it is `trusted_proxies` of the site")),
  "trusted-proxy-count": value(mapped("it is `hops` of `trusted_proxies`")),
  "trusted-proxy-headers": value(
    approximated("they are `take` and `fields` of `trusted_proxies`; x-forwarded-host is left to the app"),
  ),
  "clear-untrusted-proxy-headers": nothing(mapped("it is `strip` of `trusted_proxies`")),
  "server-name": value(approximated("SERVER_NAME is the request's host")),
};
