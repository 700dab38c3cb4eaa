import type { ProxyConfig } from "../config/proxy-model.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Templates } from "./template.ts";

/** Gives a Set-Cookie value its attributes; null: the rule doesn't speak of this cookie. */
export type CookieFlags = (name: string, value: string, exchange: Exchange) => string | null;

/** Rules for the attributes without a place of their own (NGINX's proxy_cookie_flags; RFC 6265 §4.1.2, RFC 6265bis for SameSite). */
export function cookieFlagRules(config: ProxyConfig, templates: Templates): CookieFlags[] {
  return config.cookieFlags.map((rule) => {
    const fits = nameTest(rule.name, templates);
    const flags = rule.flags.map((flag) => templates.compile(flag));
    return (name, value, exchange) => {
      if (!fits(name, exchange)) return null;
      let result = value;
      for (const flag of flags) result = withFlag(result, flag.evaluate(exchange).toLowerCase());
      return result;
    };
  });
}

// --- internal ---

function nameTest(written: string, templates: Templates): (name: string, exchange: Exchange) => boolean {
  if (written.startsWith("~")) {
    const pattern = new RegExp(written.replace(/^~\*?/, ""), written.startsWith("~*") ? "i" : "");
    return (name) => pattern.test(name);
  }
  const wanted = templates.compile(written);
  return (name, exchange) => name.toLowerCase() === wanted.evaluate(exchange).toLowerCase();
}

/** One that says nothing, which a variable may hold, changes nothing. */
function withFlag(value: string, flag: string): string {
  const match = /^(no)?(secure|httponly|samesite)(?:=(strict|lax|none))?$/.exec(flag);
  if (match === null) return value;
  const [, no, attribute, mode] = match;
  const others = value
    .split(";")
    .filter((part, at) => at === 0 || part.split("=")[0]!.trim().toLowerCase() !== attribute)
    .join(";");
  if (no !== undefined) return others;
  // One that needs no value stays as it was written.
  if (mode === undefined && others !== value) return value;
  const name = SPELLED[attribute as keyof typeof SPELLED];
  return `${others}; ${mode === undefined ? name : `${name}=${mode[0]!.toUpperCase()}${mode.slice(1)}`}`;
}

const SPELLED = { secure: "Secure", httponly: "HttpOnly", samesite: "SameSite" } as const;
