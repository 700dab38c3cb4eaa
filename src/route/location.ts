import type { SiteConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { knownState } from "../template/request-state.ts";

const DEFAULT_PORT = { http: 80, https: 443 } as const;

/** What a Location that is a path is sent as. */
export type Locate = (exchange: Exchange, location: string) => string;

/**
 * A Location as NGINX sends it: a path becomes an absolute URI of the host that was asked and the port that was come to
 * (`absolute_redirect on`, `port_in_redirect on`, `server_name_in_redirect off`), `portless` one without the port
 * (`port_in_redirect off`), and with `off` it stays (`absolute_redirect off`). Anything else always stays.
 */
export function locator(form: SiteConfig["absoluteRedirects"]): Locate {
  if (form === "off") return (_exchange, location) => location;
  return (exchange, location) => absoluteLocation(exchange, location, form === "full");
}

function absoluteLocation(exchange: Exchange, location: string, withPort: boolean): string {
  if (!location.startsWith("/")) return location;
  const scheme = exchange.client.secure ? "https" : "http";
  const port = withPort ? exchange.client.localPort : 0;
  const host = exchange.host || bracketed(exchange.client.localAddress);
  // Through a Unix socket without a Host there is no name to give.
  if (host === "") return location;
  return `${scheme}://${host}${port === 0 || port === DEFAULT_PORT[scheme] ? "" : `:${port}`}${location}`;
}

/** Sends the client to a URI that is valid already. */
export function redirect(exchange: Exchange, status: number, location: string): void {
  const state = knownState(exchange);
  if (state !== null) state.redirecting = true;
  exchange.respond(new ResponseHead(status, [["Location", location]]), null);
}

/** Sends a client that came without TLS to the same URL with https. */
export function redirectToHttps(
  exchange: Exchange,
  { status, port }: { readonly status: number; readonly port: number },
): void {
  const host = exchange.host || bracketed(exchange.client.localAddress);
  if (host === "") return exchange.fail(400, "The request names no host to go to");
  const target = exchange.target === "*" ? "/" : exchange.target;
  redirect(exchange, status, `https://${host}${port === 443 ? "" : `:${port}`}${target}`);
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
