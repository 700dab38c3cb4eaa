import type { Exchange } from "../http/exchange.ts";

/** The URL that an exchange asks for, in the form that purges compare; the target as it came where it is no URL. */
export function urlOf(exchange: Exchange): string {
  const text = `${exchange.client.secure ? "https" : "http"}://${authorityOf(exchange)}${exchange.target}`;
  return plainUrl(text) ?? text;
}

/** The host that the client asked for, with its port: that of the Host field, unless a rule of the route has put another there. */
export function authorityOf({ host, headers }: Exchange): string {
  const field = headers.get("host");
  if (field === undefined || field === host) return host;
  const end = field.charAt(host.length);
  return (end === ":" || end === "") && field.slice(0, host.length).toLowerCase() === host ? field : host;
}

/**
 * A URL without its fragment, host in lower case, default port left out, dot segments removed, and no more escaped than it has to be
 * (RFC 3986 §6.2.2), so that an unsafe request finds what was stored under another spelling; null: it is none of HTTP.
 */
export function plainUrl(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.hash = "";
  return unescaped(url.href);
}

/** What a Location or Content-Location names, if it is of the same origin (RFC 9111 §4.4); else null. */
export function sameOrigin(base: string, reference: string): string | null {
  const from = URL.parse(base);
  const url = from === null ? null : URL.parse(reference, base);
  if (url === null || url.origin !== from!.origin) return null;
  url.hash = "";
  return unescaped(url.href);
}

// --- internal ---

/** Unreserved characters as they are, other escapes in upper case. */
function unescaped(href: string): string {
  return href.replace(/%[\da-f]{2}/gi, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : triplet.toUpperCase();
  });
}
