import { isIP } from "node:net";
import { parseAuthority } from "./authority.ts";
import { canonicalAddress } from "./canonical-address.ts";
import { bad, Refusal } from "./refusal.ts";

/** A node of a chain of proxies as a field names it; `port` 0: not said. */
export interface ForwardedNode {
  /** Without brackets; IPv4 within IPv6 as IPv4. */
  readonly address: string;
  readonly port: number;
}

/** One element of Forwarded (RFC 7239 §4): what one proxy says of who asked it. Names in lower case; absent: not said. */
export type ForwardedElement = Readonly<Partial<Record<"for" | "by" | "host" | "proto", string>>>;

/** The elements of an X-Forwarded-For field, the nearest proxy's last; commas and spaces separate them, as in NGINX. */
export function forwardedForNodes(value: string): readonly string[] {
  return value.split(/[ \t,]+/).filter((element) => element !== "");
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; null for anything else (`unknown`, `_hidden`). */
export function parseNode(text: string): ForwardedNode | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? text;
  const port = match?.[3] === undefined ? 0 : Number(match[3]);
  if (isIP(address) === 0 || address.includes("%") || port > 65535) return null;
  if (match?.[1] !== undefined && isIP(address) !== 6) return null;
  return { address: canonicalAddress(address), port };
}

/** How far a walk from the nearest proxy to the client came. */
export interface Walk {
  /** null: the peer itself, as nothing that could be believed was said. */
  readonly node: ForwardedNode | null;
  /** Elements from the right that were believed, the client's own included. */
  readonly depth: number;
}

/**
 * Who asked first, from the right: each element is believed as long as who says it is trusted, so that what a client wrote into
 * the field itself is never reached. What is no address ends the walk at the one before.
 */
export function walk(
  elements: readonly string[],
  trusted: (address: string) => boolean,
  recursive: boolean,
  hops: number,
): Walk {
  if (hops > 0) {
    const depth = Math.min(hops, elements.length);
    const node = depth === 0 ? null : parseNode(elements[elements.length - depth]!);
    return { node, depth: node === null ? 0 : depth };
  }
  let node: ForwardedNode | null = null;
  let depth = 0;
  while (depth < elements.length) {
    const next = parseNode(elements[elements.length - 1 - depth]!);
    if (next === null) break;
    node = next;
    depth++;
    if (!recursive || !trusted(next.address)) break;
  }
  return { node, depth };
}

/** Parses Forwarded. Refused where it is malformed: a client could hide behind half of a quoted string. */
export function parseForwarded(value: string): readonly ForwardedElement[] | Refusal {
  const elements: Record<string, string>[] = [];
  let at = 0;
  let element: Record<string, string> = {};
  PAIR.lastIndex = 0;
  while (at < value.length) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(value);
    if (match === null) return bad("the Forwarded field is malformed");
    const [whole, name, token, quoted, separator] = match;
    at += whole.length;
    if (name !== undefined) {
      const key = name.toLowerCase();
      if (Object.hasOwn(element, key)) return bad("the Forwarded field is malformed");
      element[key] = token ?? quoted!.replace(/\\(.)/g, "$1");
    }
    if (separator !== ";") {
      if (Object.keys(element).length > 0) elements.push(element);
      element = {};
    }
  }
  return elements;
}

/** The scheme that a proxy names: null for anything but http and https (ws and wss count as them). */
export function parseScheme(text: string): "http" | "https" | null {
  const scheme = text.toLowerCase();
  if (scheme === "https" || scheme === "wss") return "https";
  return scheme === "http" || scheme === "ws" ? "http" : null;
}

/** Of a list that proxies add to, what the proxy said that `depth` elements from the right were said of; one alone holds for all. */
export function atDepth(value: string, depth: number): string {
  const elements = value.split(",").map((element) => element.trim());
  return elements[Math.max(0, elements.length - Math.max(1, depth))]!;
}

/** Host and port of X-Forwarded-Host or `host=`; `port` 0: not said. */
export function parseHost(text: string): { readonly host: string; readonly port: number } | Refusal {
  const host = parseAuthority(text);
  if (host instanceof Refusal) return host;
  return { host, port: Number(/:(\d+)$/.exec(text.slice(host.length))?.[1] ?? 0) };
}

/** Whether a field (lower-case name) is one by which proxies tell who the client is. */
export function isForwardingField(name: string): boolean {
  const first = name.charCodeAt(0);
  if (first === 0x66) return name === "forwarded";
  return first === 0x78 && (name.startsWith("x-forwarded-") || name === "x-real-ip");
}

// --- internal ---

/**
 * One `name=value` of Forwarded, or none (empty list elements are allowed), with what ends it. Addresses with ports and brackets
 * should be quoted, which some proxies forget.
 */
const PAIR =
  /[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w:[\]-]+)|"((?:[^"\\\x00-\x08\x0a-\x1f]|\\[\t\x20-\x7e\x80-\xff])*)"))?[ \t]*([;,]|$)/y;
