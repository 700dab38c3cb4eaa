import type { Log } from "../base/log.ts";
import type { LimitTable } from "../config/policy-model.ts";
import type { ProxyConfig } from "../config/proxy-model.ts";
import type { RouteConfig, RouteOptions } from "../config/route-model.ts";
import type { Handler } from "../http/exchange.ts";
import { BasicAuth } from "../middleware/basic-auth.ts";
import type { Check } from "../middleware/check.ts";
import { Cors } from "../middleware/cors.ts";
import { Limiter } from "../middleware/limiter.ts";
import type { Limits } from "../middleware/limits.ts";
import type { PasswordChecker } from "../middleware/password-checker.ts";
import { UserFile } from "../middleware/user-file.ts";
import type { CompiledTemplate } from "../template/template.ts";
import { AccessList } from "./access-list.ts";
import { ForwardAuth } from "./forward-auth.ts";
import { Guard } from "./guard.ts";
import type { Guide } from "./guide.ts";

/** What guards are made from. `limits` and `passwords` outlive a reload. */
export interface GuardTools extends LimitTable {
  readonly limits: Limits;
  readonly passwords: PasswordChecker;
  readonly log: Log;
}

export interface GuardPlace {
  readonly guide: Guide;
  readonly compile: (text: string) => CompiledTemplate;
  /** Of a server that is asked. */
  readonly makeProxy: (config: ProxyConfig) => Handler;
}

/** Who is let into a route, and how often; null: everyone. */
export function buildGuard(config: RouteOptions, tools: GuardTools, place: GuardPlace): Guard | null {
  const { auth, satisfy, cors } = config.policy;
  const limiter = buildLimiter(config, tools, place);
  const checks: Check[] = [];
  if (auth !== null) {
    if (config.access.length > 0) checks.push(new AccessList(config.access));
    if (auth.basic !== null) {
      const realm = place.compile(auth.basic.realm);
      checks.push(
        new BasicAuth(auth.basic, {
          passwords: tools.passwords,
          file: auth.basic.file === null ? null : new UserFile(auth.basic.file, tools.log),
          realm: (exchange) => realm.evaluate(exchange),
        }),
      );
    }
    if (auth.forward !== null) {
      const { to } = auth.forward;
      const proxy = to.kind === "proxy" ? place.makeProxy(to) : null;
      checks.push(
        new ForwardAuth(auth.forward, {
          compile: place.compile,
          log: tools.log,
          ask: (question) => {
            if (proxy !== null) proxy.handle(question);
            else place.guide.redirect(question, question.path, question.query);
          },
        }),
      );
    }
  }
  if (limiter === null && cors === null && checks.length === 0) return null;
  return new Guard({ limiter, cors: cors === null ? null : new Cors(cors), checks, satisfy });
}

/** The methods that a route is found for: preflights are answered wherever scripts may ask at all. */
export function foundMethods({ methods, policy }: RouteConfig): readonly string[] | null {
  return methods === null || policy.cors === null || methods.includes("OPTIONS") ? methods : [...methods, "OPTIONS"];
}

// --- internal ---

function buildLimiter({ policy }: RouteOptions, tools: GuardTools, { compile }: GuardPlace): Limiter | null {
  const { rates, concurrency } = policy;
  if (rates.length === 0 && concurrency.length === 0) return null;
  const evaluated = (text: string) => {
    const template = compile(text);
    return template.evaluate.bind(template);
  };
  return new Limiter({
    limits: tools.limits,
    rates: rates.map((use) => {
      const limit = tools.rateLimits[use.limit]!;
      return { use, limit, key: evaluated(limit.key) };
    }),
    concurrency: concurrency.map((use) => {
      const limit = tools.concurrencyLimits[use.limit]!;
      return { use, limit, key: evaluated(limit.key) };
    }),
  });
}
