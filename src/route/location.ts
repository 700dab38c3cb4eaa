import type { LocationsConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { knownState } from "../template/request-state.ts";

const DEFAULT_PORT = { http: 80, https: 443 } as const;

/**
 * A Location as NGINX sends it: a path becomes an absolute URI of the host that was asked and the port that was come to, unless
 * the route in effect says otherwise (`locations`); anything else stays. `usually`: what holds where it says nothing.
 */
export function absoluteLocation(exchange: Exchange, location: string, usually = true): string {
  if (!location.startsWith("/")) return location;
  const form = (knownState(exchange)?.route as Locating | null | undefined)?.locations ?? null;
  if (!(form?.absolute ?? usually)) return location;
  const scheme = exchange.client.secure ? "https" : "http";
  const port = form?.port === false ? 0 : exchange.client.localPort;
  const named = form?.host === "site" ? siteHost(exchange) : exchange.host;
  const host = named || bracketed(exchange.client.localAddress);
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

/** What is needed here of the route in effect. */
interface Locating {
  readonly locations: LocationsConfig | null;
}

/** The site's name, where it is one that a client can ask for. */
function siteHost({ site }: Exchange): string {
  return site === "default" || /[*~]/.test(site) ? "" : site;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
