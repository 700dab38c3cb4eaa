import type { TrustConfig } from "../config/trust-model.ts";
import type { Client, Exchange } from "../http/exchange.ts";
import {
  atDepth,
  type ForwardedElement,
  forwardedForNodes,
  isForwardingField,
  parseForwarded,
  parseHost,
  parseNode,
  parseScheme,
  type Walk,
  walk,
} from "../http/forwarded.ts";
import { bad, Refusal } from "../http/refusal.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { comparable, parseNetwork } from "../template/networks.ts";
import { requestHeaders, withoutFields } from "./header-rules.ts";

/** What a trusted proxy says of a request. */
interface Said {
  readonly client: Client;
  readonly headers: RequestHeaders;
  /** null: what the request itself says. */
  readonly host: string | null;
}

/** Addresses whose trust is remembered: proxies are few, clients that are none are asked for once a connection at most. */
const REMEMBERED = 1000;

/**
 * Who the client is: of trusted proxies what they say of it is taken over, of everyone else the fields that would say so are
 * removed, before anything reads them.
 */
export class ClientGate {
  readonly #config: TrustConfig;
  readonly #contains: readonly ((address: string) => boolean)[];
  readonly #known = new Map<string, boolean>();
  /** Fields to leave out where they are read but not those that were believed. */
  readonly #read: ReadonlySet<string>;
  readonly #stripped = new WeakMap<RequestHeaders, RequestHeaders>();
  // What was said last: a proxy's connection repeats its clients.
  #peer: Client | null = null;
  #headers: RequestHeaders | null = null;
  #said: Said | null = null;

  constructor(config: TrustConfig) {
    this.#config = config;
    this.#contains = config.ranges.map((range) => parseNetwork(range).contains);
    const { addressField, secureFields } = config;
    this.#read = new Set([...(addressField === null ? [] : [addressField]), ...secureFields.map(([name]) => name)]);
  }

  /** Whether the host may come from a proxy, so that it has to be asked before the site is chosen. */
  get takesHost(): boolean {
    return this.#config.take.includes("host") && this.#contains.length > 0;
  }

  /** false: the exchange has been answered, as what a trusted proxy says makes no sense. */
  admit(exchange: Exchange): boolean {
    // The variables of a uwsgi front are the client's; it is trusted by whom the socket lets in.
    if (exchange.environ !== null) return true;
    if (this.#contains.length === 0 || !this.#trusts(exchange.client.address)) {
      if (this.#config.strip) this.#strip(exchange);
      return true;
    }
    if (this.#peer !== exchange.client || this.#headers !== exchange.headers || this.#said === null) {
      const said = this.#listen(exchange.client, exchange.headers);
      if (said instanceof Refusal) {
        exchange.fail(said.status, said.reason);
        return false;
      }
      this.#peer = exchange.client;
      this.#headers = exchange.headers;
      this.#said = said;
    }
    exchange.client = this.#said.client;
    exchange.headers = this.#said.headers;
    if (this.#said.host !== null) exchange.host = this.#said.host;
    return true;
  }

  // --- internal ---

  #trusts(address: string): boolean {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const plain = comparable(address);
    const trusted = this.#contains.some((contains) => contains(plain));
    if (this.#known.size >= REMEMBERED) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(address, trusted);
    return trusted;
  }

  #strip(exchange: Exchange): void {
    const { headers } = exchange;
    const { names } = headers;
    let found = false;
    for (let i = 0; i < names.length && !found; i++) found = this.#isClaim(names[i]!);
    if (!found) return;
    let stripped = this.#stripped.get(headers);
    if (stripped === undefined) {
      stripped = withoutFields(headers, new Set(names.filter((name) => this.#isClaim(name))));
      this.#stripped.set(headers, stripped);
    }
    exchange.headers = stripped;
  }

  #isClaim(name: string): boolean {
    return isForwardingField(name) || (this.#read.size > 0 && this.#read.has(name));
  }

  #listen(client: Client, headers: RequestHeaders): Said | Refusal {
    const { fields, take } = this.#config;
    const claimed = headers.names.some((name) => name.startsWith("x-forwarded-") || this.#read.has(name));
    const standard = fields === "forwarded" || (fields === "auto" && !claimed && headers.names.includes("forwarded"));
    const heard = standard ? this.#forwarded(headers) : this.#xForwarded(headers);
    if (heard instanceof Refusal) return heard;
    const { node, scheme, host } = heard;
    const named = host === "" || !take.includes("host") ? null : parseHost(host);
    if (named instanceof Refusal) return named;
    const secure = take.includes("scheme") && scheme !== null ? scheme === "https" : client.secure;
    const port = !take.includes("port") ? 0 : heard.port || (named?.port ?? 0);
    const said: Client = {
      ...client,
      ...(node !== null && take.includes("address") ? { address: node.address, port: node.port } : {}),
      secure,
      localPort: port || (secure === client.secure ? client.localPort : secure ? 443 : 80),
      peer: client.peer ?? client,
    };
    // Of both kinds only that which was read was vouched for.
    const unread = standard
      ? new Set(
          headers.names.filter((name) => name !== "forwarded" && isForwardingField(name) && !this.#read.has(name)),
        )
      : NOT_READ;
    const vouched = this.#config.strip ? withoutFields(headers, unread) : headers;
    return {
      client: said,
      headers: named === null ? vouched : withHost(vouched, host),
      host: named?.host ?? null,
    };
  }

  #xForwarded(headers: RequestHeaders): Heard | Refusal {
    const { addressField, secureFields, recursive, hops } = this.#config;
    const trusted = (address: string): boolean => this.#trusts(address);
    let way: Walk;
    if (addressField === null || addressField === "x-forwarded-for")
      way = walk(forwardedForNodes(headers.list("x-forwarded-for") ?? ""), trusted, recursive, hops);
    else {
      const node = parseNode((headers.list(addressField) ?? "").split(",").at(-1)!.trim());
      way = { node, depth: 1 };
    }
    const at = (name: string): string => atDepth(headers.list(name) ?? "", way.depth);
    const scheme =
      secureFields.length === 0
        ? parseScheme(at("x-forwarded-proto"))
        : secureFields.some(([name, value]) => at(name).toLowerCase() === value.toLowerCase())
          ? "https"
          : secureFields.some(([name]) => headers.get(name) !== undefined)
            ? "http"
            : null;
    const port = /^\d{1,5}$/.test(at("x-forwarded-port")) ? Number(at("x-forwarded-port")) : 0;
    return { node: way.node, scheme, host: at("x-forwarded-host"), port: port <= 65535 ? port : 0 };
  }

  #forwarded(headers: RequestHeaders): Heard | Refusal {
    const elements = parseForwarded(headers.list("forwarded") ?? "");
    if (elements instanceof Refusal) return elements;
    const way = walk(
      elements.map((element) => element.for ?? ""),
      (address) => this.#trusts(address),
      this.#config.recursive,
      this.#config.hops,
    );
    const element: ForwardedElement = elements.at(-Math.max(1, way.depth)) ?? {};
    const host = element.host ?? "";
    const named = host === "" ? null : parseHost(host);
    if (named instanceof Refusal) return bad("the host in the Forwarded field is not valid");
    return { node: way.node, scheme: parseScheme(element.proto ?? ""), host, port: named?.port ?? 0 };
  }
}

interface Heard {
  readonly node: Walk["node"];
  readonly scheme: "http" | "https" | null;
  /** Empty: not said. */
  readonly host: string;
  readonly port: number;
}

const NOT_READ: ReadonlySet<string> = new Set(["forwarded"]);

/** The request as the client sent it to the proxy: apps build their URLs from Host. */
function withHost(headers: RequestHeaders, host: string): RequestHeaders {
  const others = headers.names.flatMap((name, i): (readonly [string, string])[] =>
    name === "host" ? [] : [[name, headers.values[i]!]],
  );
  return requestHeaders([["host", host], ...others]);
}
