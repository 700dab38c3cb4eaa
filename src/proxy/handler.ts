import { foundAddress, hostAndPort } from "../config/found-address.ts";
import type { ProxyConfig } from "../config/proxy-model.ts";
import { isToken } from "../http/characters.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { SpooledBody } from "../spool/spooled-body.ts";
import { type BodyFeed, fixedFeed, NO_FEED, SpooledFeed, StreamedFeed } from "./body-feed.ts";
import { requestParameters } from "./parameters.ts";
import type { UpstreamRequest } from "./protocol.ts";
import { PROTOCOLS } from "./protocols.ts";
import { type ProxyParts, type ProxyRoute, proxyRoute } from "./proxy-route.ts";
import { Relay } from "./relay.ts";
import { forwardingFields, type RequestFields, requestFields } from "./request-fields.ts";
import { passableTrailers } from "./request-trailers.ts";
import { targetPath, wholeTarget } from "./target-path.ts";
import type { Upstream } from "./upstream.ts";

/** Makes the handler of a `proxy` section. Throws a PropylonError for what can't be used (an unknown variable, a missing file). */
export function createProxyHandler(config: ProxyConfig, parts: ProxyParts): Handler {
  return new ProxyHandler(proxyRoute(config, PROTOCOLS[config.protocol], parts));
}

// --- internal ---

type Fields = readonly (readonly [string, string])[];

/** What a field or a variable may be made of on its way to a target. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

class ProxyHandler implements Handler {
  readonly #route: ProxyRoute;
  /** The same route for targets that are to be spoken to by TLS, as a variable has it. */
  #secure: ProxyRoute | null = null;

  constructor(route: ProxyRoute) {
    this.#route = route;
  }

  handle(exchange: Exchange): void {
    if (exchange.method === "TRACE") {
      // A server behind us would show what only it is to see: fields that rules have set (RFC 9110 §9.3.8).
      exchange.fail(405, "TRACE is not passed on", [["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]]);
      return;
    }
    const found = this.#find(exchange);
    if (found === null) return;
    const { config, parts, body: ownBody } = this.#route;
    const length = exchange.body.length;
    if (ownBody !== null) {
      const body = Buffer.from(ownBody.evaluate(exchange), "latin1");
      this.#relay(exchange, found, body.length === 0 ? NO_FEED : fixedFeed(body));
    } else if (length === 0) {
      this.#relay(exchange, found, NO_FEED);
    } else if (!config.requestBuffering && (length > 0 || this.#route.protocol.name === "http")) {
      this.#relay(exchange, found, new StreamedFeed(exchange.body, (trailers) => this.#passable(trailers, exchange)));
    } else {
      const body = new SpooledBody(exchange.body, parts.memoryLimit, {
        ready: () => {
          if (exchange.aborted) body.close();
          else this.#relay(exchange, found, new SpooledFeed(body, this.#passable(body.trailers, exchange)));
        },
        failed: (status, reason) => {
          if (!exchange.aborted) exchange.fail(status, reason);
        },
      });
      exchange.onAbort = () => body.close();
      body.start();
    }
  }

  // --- internal ---

  #find(exchange: Exchange): Found | null {
    const route = this.#route;
    const { upstream, target, parts, config } = route;
    if (upstream !== null) return { route, upstream, path: "" };
    const text = target!.evaluate(exchange);
    const { protocol, authority, path } = foundAddress(text);
    const spoken = protocol ?? config.protocol;
    const found = parts.upstreams.dynamic(authority, DEFAULT_PORTS[spoken] ?? 0, config.resolver);
    if (found !== null) return { route: this.#spoken(spoken), upstream: found, path };
    parts.log.warn(`proxy to ${JSON.stringify(text)}: it is not an address`, { request: exchange.target });
    exchange.fail(502, "the upstream's address is not valid");
    return null;
  }

  #spoken(protocol: ProxyConfig["protocol"]): ProxyRoute {
    const { config, protocol: own, parts } = this.#route;
    if (protocol === config.protocol || own.name !== "http") return this.#route;
    this.#secure ??= proxyRoute({ ...config, protocol }, own, parts);
    return this.#secure;
  }

  #relay(exchange: Exchange, { route, upstream, path }: Found, feed: BodyFeed): void {
    const request = this.#request(exchange, upstream, path, feed.length);
    if (request === null) {
      feed.close();
      exchange.fail(500, "the request for the upstream can't be made");
      return;
    }
    new Relay(route, exchange, upstream, request, feed, route.key(upstream, exchange)).start();
  }

  #passable(trailers: Fields, exchange: Exchange): Fields {
    const { config, protocol } = this.#route;
    if (trailers.length === 0 || protocol.name !== "http" || !config.requestTrailers) return NO_FIELDS;
    return passableTrailers(trailers, exchange.headers);
  }

  /** null: a variable holds what no field or method may hold. */
  #request(exchange: Exchange, upstream: Upstream, found: string, bodyLength: number): UpstreamRequest | null {
    const { config, path, protocol, parameters, body } = this.#route;
    const host = this.#host(exchange);
    const method = this.#route.method?.evaluate(exchange) ?? exchange.method;
    const wrong = !FIELD_VALUE.test(host)
      ? `Host ${JSON.stringify(host)}`
      : isToken(method, 0, method.length)
        ? null
        : `method ${JSON.stringify(method)}`;
    if (wrong !== null) {
      this.#route.parts.log.error(`upstream ${upstream.name}: the ${wrong} is not valid`);
      return null;
    }
    const fields = this.#fields(exchange.headers);
    const isHttp = protocol.name === "http";
    const own = { bodyLength, forwarded: config.forwarded, replaced: body !== null };
    return {
      method,
      target: found === "" ? targetPath(exchange, path) : wholeTarget(found),
      headers: fields.list,
      parameters: isHttp ? NO_FIELDS : requestParameters(exchange, parameters, fields, host, own),
      bodyLength,
      // A target that doesn't understand chunks would take the rest of them for requests: it is asked nothing after this.
      keepAlive:
        config.keepConnections && (upstream.config?.keepalive ?? 0) > 0 && !(bodyLength < 0 && config.requestBuffering),
      lines: isHttp
        ? `Host: ${host}\r\n${fields.lines}${config.forwarded ? forwardedLines(exchange, fields) : ""}`
        : undefined,
      upgrade: config.upgrade && exchange.upgradable ? (fields.upgrade ?? undefined) : undefined,
    };
  }

  #host(exchange: Exchange): string {
    const { host, name, target, config } = this.#route;
    const value = host.constant ?? host.evaluate(exchange);
    if (value !== "") return value;
    // A client of HTTP/1.0 may have named none.
    const written = name.evaluate(exchange);
    return target === null ? written : hostAndPort(written, DEFAULT_PORTS[config.protocol] ?? 0).host;
  }

  /** Equal header sections are shared by the engine, so what is made of them is kept there. */
  #fields(headers: RequestHeaders): RequestFields {
    if (headers.memoOwner === this) return headers.memo as RequestFields;
    const { forwarded, underscores } = this.#route.config;
    const fields = requestFields(headers, forwarded, underscores, this.#route.passHeaders);
    headers.memoOwner = this;
    headers.memo = fields;
    return fields;
  }
}

/** Where a request goes, and how. */
interface Found {
  readonly route: ProxyRoute;
  readonly upstream: Upstream;
  /** Path and query that stand behind an address found out for this request; empty: none. */
  readonly path: string;
}

const NO_FIELDS: Fields = [];
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

function forwardedLines(exchange: Exchange, fields: RequestFields): string {
  const { client } = exchange;
  if (fields.forwardedFor === client.address && fields.forwardedSecure === client.secure) return fields.forwarded;
  const list = forwardingFields(client, exchange.headers.get("host") ?? "");
  fields.forwarded = list.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  fields.forwardedFor = client.address;
  fields.forwardedSecure = client.secure;
  return fields.forwarded;
}
