import type { ProxyConfig } from "../config/proxy-model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { SpooledBody } from "../spool/spooled-body.ts";
import { type BodyFeed, NO_FEED, SpooledFeed, StreamedFeed } from "./body-feed.ts";
import { requestParameters } from "./parameters.ts";
import type { UpstreamRequest } from "./protocol.ts";
import { PROTOCOLS } from "./protocols.ts";
import { type ProxyParts, type ProxyRoute, proxyRoute } from "./proxy-route.ts";
import { Relay } from "./relay.ts";
import { forwardingFields, type RequestFields, requestFields } from "./request-fields.ts";
import { passableTrailers } from "./request-trailers.ts";
import { targetPath } from "./target-path.ts";
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

  constructor(route: ProxyRoute) {
    this.#route = route;
  }

  handle(exchange: Exchange): void {
    const upstream = this.#upstream(exchange);
    if (upstream === null) return;
    const { config, parts } = this.#route;
    const length = exchange.body.length;
    if (length === 0) {
      this.#relay(exchange, upstream, NO_FEED);
    } else if (!config.requestBuffering && (length > 0 || this.#route.protocol.name === "http")) {
      this.#relay(
        exchange,
        upstream,
        new StreamedFeed(exchange.body, (trailers) => this.#passable(trailers, exchange)),
      );
    } else {
      const body = new SpooledBody(exchange.body, parts.memoryLimit, {
        ready: () => {
          if (exchange.aborted) body.close();
          else this.#relay(exchange, upstream, new SpooledFeed(body, this.#passable(body.trailers, exchange)));
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

  #upstream(exchange: Exchange): Upstream | null {
    const { upstream, target, parts, config } = this.#route;
    if (upstream !== null) return upstream;
    const address = target!.evaluate(exchange);
    const found = parts.upstreams.dynamic(address, DEFAULT_PORTS[config.protocol] ?? 0);
    if (found === null) {
      parts.log.warn(`proxy to ${JSON.stringify(address)}: it is not an address`, { request: exchange.target });
      exchange.fail(502, "the upstream's address is not valid");
    }
    return found;
  }

  #relay(exchange: Exchange, upstream: Upstream, feed: BodyFeed): void {
    const request = this.#request(exchange, upstream, feed.length);
    if (request === null) {
      feed.close();
      exchange.fail(500, "the request for the upstream can't be made");
      return;
    }
    new Relay(this.#route, exchange, upstream, request, feed, this.#route.key(upstream, exchange)).start();
  }

  #passable(trailers: Fields, exchange: Exchange): Fields {
    const { config, protocol } = this.#route;
    if (trailers.length === 0 || protocol.name !== "http" || !config.requestTrailers) return NO_FIELDS;
    return passableTrailers(trailers, exchange.headers);
  }

  /** null: a variable holds what no field may hold. */
  #request(exchange: Exchange, upstream: Upstream, bodyLength: number): UpstreamRequest | null {
    const { config, path, protocol, parameters } = this.#route;
    const host = this.#host(exchange);
    if (!FIELD_VALUE.test(host)) {
      this.#route.parts.log.error(`upstream ${upstream.name}: the Host ${JSON.stringify(host)} is not valid`);
      return null;
    }
    const fields = this.#fields(exchange.headers);
    const isHttp = protocol.name === "http";
    return {
      method: exchange.method,
      target: targetPath(exchange, path),
      headers: fields.list,
      parameters: isHttp
        ? NO_FIELDS
        : requestParameters(exchange, parameters, fields, host, { bodyLength, forwarded: config.forwarded }),
      bodyLength,
      // A target that doesn't understand chunks would take the rest of them for requests: it is asked nothing after this.
      keepAlive: (upstream.config?.keepalive ?? 0) > 0 && !(bodyLength < 0 && config.requestBuffering),
      lines: isHttp
        ? `Host: ${host}\r\n${fields.lines}${config.forwarded ? forwardedLines(exchange, fields) : ""}`
        : undefined,
      upgrade: config.upgrade && exchange.upgradable ? (fields.upgrade ?? undefined) : undefined,
    };
  }

  #host(exchange: Exchange): string {
    const { host, name } = this.#route;
    const value = host.constant ?? host.evaluate(exchange);
    // A client of HTTP/1.0 may have named none.
    return value === "" ? name.evaluate(exchange) : value;
  }

  /** Equal header sections are shared by the engine, so what is made of them is kept there. */
  #fields(headers: RequestHeaders): RequestFields {
    if (headers.memoOwner === this) return headers.memo as RequestFields;
    const fields = requestFields(headers, this.#route.config.forwarded, this.#route.config.underscores);
    headers.memoOwner = this;
    headers.memo = fields;
    return fields;
  }
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
