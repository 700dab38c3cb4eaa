import { didYouMean } from "../base/did-you-mean.ts";
import type { ConcurrencyLimitSettings, RateLimitSettings } from "./limit-schema.ts";
import type { OptionSettings } from "./options-schema.ts";
import type { ConcurrencyLimitConfig, LimitTable, PolicyConfig, RateLimitConfig } from "./policy-model.ts";
import { resolveAuth } from "./resolve-auth.ts";
import { resolveCors, resolveSecurityHeaders } from "./resolve-browser.ts";
import type { RouteContext } from "./route-context.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";

/** Everyone may do everything. */
export const NO_POLICY: PolicyConfig = {
  auth: null,
  satisfy: "all",
  rates: [],
  concurrency: [],
  cors: null,
  securityHeaders: [],
};

/** Each part that is written replaces the one around, as a whole. */
export function resolvePolicy(
  settings: OptionSettings,
  at: Path,
  around: PolicyConfig,
  context: RouteContext,
): PolicyConfig {
  const { auth, satisfy, rate, concurrency, cors, security_headers } = settings;
  const { rateLimits, concurrencyLimits } = context.limits;
  return {
    auth: auth === undefined ? around.auth : resolveAuth(auth, [...at, "auth"], context),
    satisfy: satisfy ?? around.satisfy,
    rates:
      rate === undefined
        ? around.rates
        : rate.flatMap(({ limit, burst, delay, status, dry_run }) => {
            const known = find(limit, rateLimits, "rate_limits", [...at, "rate"], context);
            if (known === null) return [];
            return {
              limit,
              burst: burst ?? known.burst,
              delay: delay === undefined ? known.delay : delayOf(delay),
              status: status ?? known.status,
              dryRun: dry_run ?? known.dryRun,
            };
          }),
    concurrency:
      concurrency === undefined
        ? around.concurrency
        : concurrency.flatMap(({ limit, most, status, dry_run }) => {
            const known = find(limit, concurrencyLimits, "concurrency_limits", [...at, "concurrency"], context);
            return known === null
              ? []
              : {
                  limit,
                  most: most ?? known.most,
                  status: status ?? known.status,
                  dryRun: dry_run ?? known.dryRun,
                };
          }),
    cors: cors === undefined ? around.cors : resolveCors(cors, [...at, "cors"], context),
    securityHeaders:
      security_headers === undefined
        ? around.securityHeaders
        : resolveSecurityHeaders(security_headers, [...at, "security_headers"], context),
  };
}

/** Limits by name. Adds problems for those that can't be. */
export function resolveLimits(
  settings: {
    readonly rate_limits?: Readonly<Record<string, RateLimitSettings>> | undefined;
    readonly concurrency_limits?: Readonly<Record<string, ConcurrencyLimitSettings>> | undefined;
  },
  scope: TemplateScope,
): LimitTable {
  const rateLimits: Record<string, RateLimitConfig> = {};
  for (const [name, limit] of Object.entries(settings.rate_limits ?? {})) {
    const at = ["rate_limits", name];
    const [amount, unit] = limit.rate.split("/");
    const perSecond = Number(amount) / SECONDS[unit as keyof typeof SECONDS];
    if (perSecond === 0)
      scope.problems.error([...at, "rate"], "a rate of nothing lets nobody in", {
        remedy: "deny access, or write 1/h",
      });
    rateLimits[name] = {
      key: checkTemplate(limit.key, [...at, "key"], scope),
      perSecond,
      burst: limit.burst,
      delay: delayOf(limit.delay),
      keys: limit.keys,
      status: limit.status,
      dryRun: limit.dry_run,
    };
  }
  const concurrencyLimits: Record<string, ConcurrencyLimitConfig> = {};
  for (const [name, limit] of Object.entries(settings.concurrency_limits ?? {}))
    concurrencyLimits[name] = {
      key: checkTemplate(limit.key, ["concurrency_limits", name, "key"], scope),
      most: limit.most,
      status: limit.status,
      dryRun: limit.dry_run,
    };
  return { rateLimits, concurrencyLimits };
}

// --- internal ---

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/** Requests of a burst that are answered at once; null: all. */
function delayOf(written: boolean | number | string): number | null {
  if (written === false) return null;
  return written === true ? 0 : Number(written);
}

function find<T>(
  name: string,
  limits: Readonly<Record<string, T>>,
  section: string,
  at: Path,
  context: RouteContext,
): T | null {
  if (Object.hasOwn(limits, name)) return limits[name]!;
  const names = Object.keys(limits);
  context.problems.error(at, `there is no limit "${name}"`, {
    remedy:
      didYouMean(name, names) ??
      (names.length === 0 ? `write it down: ${section}: {${name}: ...}` : `the limits are ${names.join(", ")}`),
    with: [[section]],
  });
  return null;
}
