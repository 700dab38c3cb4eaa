import type { Exchange } from "../http/exchange.ts";
import type { Template, Templates } from "./template.ts";
import type { Upstream } from "./upstream.ts";

/** Finds what an upstream's choice depends on: the hashed text, the client's address, the sticky cookie's value; else empty. */
export type ChoiceKey = (upstream: Upstream, exchange: Exchange) => string;

/** Keys are compiled when they are first needed: an upstream's configuration may come after the route's, and change. */
export function choiceKeys(templates: Templates): ChoiceKey {
  const compiled = new Map<string, Template>();
  return (upstream, exchange) => {
    const config = upstream.config;
    switch (config?.balance) {
      case "hash": {
        let template = compiled.get(config.key);
        if (template === undefined) {
          template = templates.compile(config.key);
          compiled.set(config.key, template);
        }
        return template.evaluate(exchange);
      }
      case "ip-hash":
        return exchange.client.address;
      case "sticky":
        return cookie(exchange.headers.list("cookie"), config.key);
      default:
        return "";
    }
  };
}

/** The Set-Cookie value that makes a client stay with a target (RFC 6265); a session cookie that scripts don't see. */
export function stickyCookie(name: string, target: string, secure: boolean): string {
  return `${name}=${target}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}

// --- internal ---

function cookie(field: string | undefined, name: string): string {
  if (field === undefined) return "";
  for (const pair of field.split(/[;,]/)) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return "";
}
