import type { Exchange } from "../http/exchange.ts";

/** The URL that an exchange asks for, in the form that purges compare; the target as it came where it is no URL. */
export function urlOf(exchange: Exchange): string {
  const { client, headers, target } = exchange;
  const text = `${client.secure ? "https" : "http"}://${headers.get("host") ?? exchange.host}${target}`;
  return plainUrl(text) ?? text;
}

/** A URL without its fragment, host in lower case, default port left out, dot segments removed; null: it is none of HTTP. */
export function plainUrl(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.hash = "";
  return url.href;
}

/** What a Location or Content-Location names, if it is of the same origin (RFC 9111 §4.4); else null. */
export function sameOrigin(base: string, reference: string): string | null {
  const from = URL.parse(base);
  const url = from === null ? null : URL.parse(reference, base);
  if (url === null || url.origin !== from!.origin) return null;
  url.hash = "";
  return url.href;
}
