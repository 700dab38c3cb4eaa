import type { ProxyConfig } from "../config/proxy-model.ts";
import type { Exchange } from "../http/exchange.ts";
import type { CookieFlags } from "./cookie-flags.ts";
import type { Template, Templates } from "./template.ts";

/** What is done to the cookies of an upstream. */
export interface CookieRules {
  readonly cookiePaths: readonly Rewrite[];
  readonly cookieDomains: readonly Rewrite[];
  readonly cookieFlags: readonly CookieFlags[];
}

/** Changes a value of an answer's field for the client; null: the rule doesn't speak of this value. */
export type Rewrite = (value: string, exchange: Exchange) => string | null;

/**
 * Rules for Location and Refresh (NGINX's proxy_redirect). `base`: scheme, `://` and name of the upstream as configured.
 */
export function redirectRules(config: ProxyConfig, base: string, templates: Templates): Rewrite[] {
  return config.redirects.flatMap((redirect) => {
    if (redirect === "default") return ownAddressRules(config, base, templates);
    const { from, to } = redirect;
    return from.startsWith("~") ? patternRule(from, to, templates) : prefixRule(from, to, templates);
  });
}

/** The upstream's own address becomes that of the route. */
function ownAddressRules({ path }: ProxyConfig, base: string, templates: Templates): Rewrite[] {
  if (path === null) return [prefixRule(`${base}/`, "/", templates)];
  return path.strip === null ? [] : [prefixRule(`${base}${path.to}`, path.strip, templates)];
}

/** Rules for the Path attribute of cookies: what begins with `from` begins with `to`; or a pattern. */
export function cookiePathRules(config: ProxyConfig, templates: Templates): Rewrite[] {
  return config.cookiePaths.map(({ from, to }) =>
    from.startsWith("~") ? patternRule(from, to, templates) : prefixRule(from, to, templates),
  );
}

/** Rules for the Domain attribute of cookies: the whole domain, in any case, its leading dot not counted; or a pattern. */
export function cookieDomainRules(config: ProxyConfig, templates: Templates): Rewrite[] {
  return config.cookieDomains.map(({ from, to }) => {
    // Domains have no case, so patterns for them have none either.
    if (from.startsWith("~")) return patternRule(from.replace(/^~\*?/, "~*"), to, templates);
    const written = templates.compile(from);
    const becomes = templates.compile(to);
    return (value, exchange) => {
      const wanted = written.evaluate(exchange).replace(/^\./, "").toLowerCase();
      const dot = value.startsWith(".") ? "." : "";
      if (value.slice(dot.length).toLowerCase() !== wanted) return null;
      return dot + becomes.evaluate(exchange).replace(/^\./, "");
    };
  });
}

/** What the first rule that speaks of it makes of a value, or null. */
export function applyRules(rules: readonly Rewrite[], value: string, exchange: Exchange): string | null {
  for (const rule of rules) {
    const rewritten = rule(value, exchange);
    if (rewritten !== null) return rewritten;
  }
  return null;
}

/** Rewrites the URL of a Refresh value (`5; url=http://...`). */
export function rewriteRefresh(rules: readonly Rewrite[], value: string, exchange: Exchange): string | null {
  const match = /^([^;,]*[;,]\s*url\s*=\s*)(["']?)(.*?)\2$/is.exec(value);
  if (match === null) return null;
  const rewritten = applyRules(rules, match[3]!, exchange);
  return rewritten === null ? null : `${match[1]}${match[2]}${rewritten}${match[2]}`;
}

/** Rewrites the Path and Domain attributes of a Set-Cookie value (RFC 6265 §4.1), and gives it those that its name is to have. */
export function rewriteCookie(
  { cookiePaths: paths, cookieDomains: domains, cookieFlags }: CookieRules,
  value: string,
  exchange: Exchange,
): string | null {
  let changed = false;
  const parts = value.split(";").map((part, i) => {
    const match = i === 0 ? null : /^(\s*(path|domain)\s*=\s*)(.*?)(\s*)$/i.exec(part);
    if (match === null) return part;
    const rules = match[2]!.toLowerCase() === "path" ? paths : domains;
    const rewritten = applyRules(rules, match[3]!, exchange);
    if (rewritten === null) return part;
    changed = true;
    return `${match[1]}${rewritten}${match[4]}`;
  });
  const moved = changed ? parts.join(";") : null;
  const name = /^[^=;]*/.exec(value)![0].trim();
  for (const flags of cookieFlags) {
    const flagged = flags(name, moved ?? value, exchange);
    if (flagged !== null) return flagged;
  }
  return moved;
}

// --- internal ---

function prefixRule(from: string, to: string, templates: Templates): Rewrite {
  const prefix = templates.compile(from);
  const becomes = templates.url(to);
  return (value, exchange) => {
    const start = prefix.evaluate(exchange);
    return value.startsWith(start) ? becomes.evaluate(exchange) + value.slice(start.length) : null;
  };
}

/** `~pattern`, or `~*pattern` for any case; `{1}` and names of its groups stand for what they matched. */
function patternRule(from: string, to: string, templates: Templates): Rewrite {
  const anyCase = from.startsWith("~*");
  const pattern = new RegExp(from.slice(anyCase ? 2 : 1), anyCase ? "i" : "");
  const groups = [...from.matchAll(/\(\?<([A-Za-z_]\w*)>/g)].map((match) => match[1]!);
  const parts = to.split(/(?<!\{)\{(\w+)\}/).map((text, i) => {
    if (i % 2 === 0) return templates.url(text);
    return /^\d$/.test(text) || groups.includes(text) ? text : templates.url(`{${text}}`);
  });
  return (value, exchange) => {
    const match = pattern.exec(value);
    if (match === null) return null;
    const captured = (name: string): string => match.groups?.[name] ?? match[Number(name)] ?? "";
    return parts
      .map((part: Template | string) => (typeof part === "string" ? captured(part) : part.evaluate(exchange)))
      .join("");
  };
}
