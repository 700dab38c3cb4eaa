import type { CorsSettings, SecurityHeaderSettings } from "./browser-schema.ts";
import { securityHeadersSchema } from "./browser-schema.ts";
import type { HeaderRuleConfig } from "./header-model.ts";
import type { CorsConfig } from "./policy-model.ts";
import type { RouteContext } from "./route-context.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate } from "./template-check.ts";

const YEAR = 365 * 86_400_000;

/** null: other sites' scripts read nothing. */
export function resolveCors(settings: CorsSettings, at: Path, { problems }: RouteContext): CorsConfig | null {
  if (settings === false) return null;
  const { origins, methods, headers, expose, credentials, max_age } = settings;
  if (credentials && origins.includes("*"))
    problems.error([...at, "origins"], "with credentials every site could act for whoever visits it", {
      remedy: "name the origins, or leave credentials out",
    });
  if (credentials && origins.includes("null"))
    problems.error([...at, "origins"], 'any page in a sandbox has the origin "null"', {
      remedy: "name the origins, or leave credentials out",
    });
  return {
    origins: origins.map((origin) => origin.toLowerCase()),
    methods: methods ?? null,
    headers: headers ?? null,
    expose: expose ?? [],
    credentials,
    maxAge: max_age === undefined ? null : Math.round(max_age / 1000),
  };
}

const STRICT = {
  frame: "deny",
  referrer: "no-referrer",
  opener: "same-origin",
  resource: "same-origin",
  hsts: true,
} as const;

/** Fields for answers that have none of that name. */
export function resolveSecurityHeaders(
  settings: SecurityHeaderSettings,
  at: Path,
  context: RouteContext,
): readonly HeaderRuleConfig[] {
  if (settings === false) return [];
  const chosen =
    settings === true || settings === "strict"
      ? securityHeadersSchema.parse(settings === "strict" ? STRICT : {})
      : settings;
  if (typeof chosen !== "object") return [];
  const { nosniff, frame, referrer, permissions, opener, resource, content, hsts } = chosen;
  const fields: readonly (readonly [string, string | false])[] = [
    ["X-Content-Type-Options", nosniff && "nosniff"],
    ["X-Frame-Options", frame !== "any" && frame.toUpperCase()],
    ["Referrer-Policy", referrer],
    ["Permissions-Policy", permissions],
    ["Cross-Origin-Opener-Policy", opener],
    ["Cross-Origin-Resource-Policy", resource],
    ["Content-Security-Policy", content],
  ];
  const rules = fields.flatMap(([name, value]): HeaderRuleConfig[] =>
    value === false ? [] : [{ operation: "default", name, value: checkTemplate(value, at, context), always: true }],
  );
  return hsts === false ? rules : [...rules, strictTransport(hsts, [...at, "hsts"], context)];
}

// --- internal ---

function strictTransport(
  settings: true | { readonly max_age: number; readonly subdomains: boolean; readonly preload: boolean },
  at: Path,
  { problems }: RouteContext,
): HeaderRuleConfig {
  const { max_age, subdomains, preload } =
    settings === true ? { max_age: YEAR, subdomains: false, preload: false } : settings;
  if (preload && (max_age < YEAR || !subdomains))
    problems.error([...at, "preload"], "browsers take up only sites that say a year or more, and subdomains", {
      remedy: "write {max_age: 365d, subdomains: true, preload: true}",
    });
  const value = `max-age=${Math.round(max_age / 1000)}${subdomains ? "; includeSubDomains" : ""}${preload ? "; preload" : ""}`;
  // RFC 6797 §7.2: never over plain HTTP.
  return { operation: "default", name: "Strict-Transport-Security", value, always: true, secureOnly: true };
}
