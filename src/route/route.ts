import type { LocationsConfig, RouteConfig } from "../config/route-model.ts";
import type { Exchange, Handler, ResponseFilter } from "../http/exchange.ts";
import type { Pace } from "../http/pace.ts";
import type { Cors } from "../middleware/cors.ts";
import type { AccessList } from "./access-list.ts";
import type { Charset } from "./charset.ts";
import type { Condition } from "./condition.ts";
import type { ErrorPages } from "./error-pages.ts";
import type { ExpiryRule } from "./expiry.ts";
import type { Guard } from "./guard.ts";
import type { RequestHeaderRules, ResponseHeaderRules } from "./header-rules.ts";

/** What is done to answers before the client gets them. */
export interface AnswerRules {
  readonly headers: ResponseHeaderRules | null;
  readonly cors: Cors | null;
  readonly expires: ExpiryRule | null;
  readonly errors: ErrorPages | null;
  /** `errors` replace the answers of this route's handler too. */
  readonly intercept: boolean;
  /** Nobody but us answers here: `errors` cover the redirects too. */
  readonly own: boolean;
  /** The handler's answer may lead to another route: `internal` ones only, or any; null: it may not. */
  readonly accel: "internal" | "any" | null;
  readonly charset: Charset | null;
  /** Compresses what is sent in the end. */
  readonly compress: ResponseFilter | null;
}

/** How a run of rules ended. */
export interface RuleResult {
  /** An answer was given: nothing more is to be done. */
  answered: boolean;
  /** The path was rewritten and is to be looked up (again). */
  changed: boolean;
  /** Answers in place of the route that the rules stand in. */
  route: Route | null;
}

export type RuleProgram = (exchange: Exchange) => RuleResult;

/** A route made ready: the settings of its section compiled. Immutable, and shared by all exchanges. */
export interface Route {
  readonly match: RouteConfig["match"];
  /** Upper-case methods, or null for all. */
  readonly methods: readonly string[] | null;
  /** Those that the handler takes: preflights of CORS may lead here too. */
  readonly taken: readonly string[] | null;
  readonly conditions: readonly Condition[];
  readonly name: string | null;
  /** As metrics call it. */
  readonly label: string;
  readonly internal: boolean;
  readonly rules: RuleProgram | null;
  /** null: everyone, or those whom `guard` lets in. */
  readonly access: AccessList | null;
  readonly guard: Guard | null;
  /** Bytes; 0: no limit of its own. */
  readonly bodyLimit: number;
  /** How fast answers go out; null: as fast as clients read. */
  readonly pace: ((exchange: Exchange) => Pace | null) | null;
  readonly requestHeaders: RequestHeaderRules | null;
  /** null: answers go to the client as they are. */
  readonly answers: AnswerRules | null;
  readonly locations: LocationsConfig | null;
  readonly logged: boolean;
  /** The access logs of the route, for who observes exchanges; null: those of everything. */
  readonly log: object | null;
  readonly handler: Handler;
  /** Nothing but the handler: no check, no rule, no filter. */
  readonly plain: boolean;
  /** With `order: nginx`: answers `/a` with a redirect to its own path `/a/` (it is handed on to a program behind us). */
  readonly redirectsToSlash: boolean;
  readonly routes: readonly Route[];
}

/** A site's routes, as one finds another from it. */
export interface RouteFinder {
  find(exchange: Exchange): Found;
}

/** A path that lacks only its final slash, and the route that it would then lead to. */
export interface SlashFound {
  readonly slash: string;
  readonly route: Route;
}

/** The route for an exchange; methods that the path's routes take when none takes this one (405); the path with its slash; or null. */
export type Found = Route | { readonly allowed: readonly string[] } | SlashFound | null;

/** Whether the route takes the method; who takes GET takes HEAD (RFC 9110 §9.3.2). */
export function permits(methods: readonly string[] | null, method: string): boolean {
  return methods === null || methods.includes(method) || (method === "HEAD" && methods.includes("GET"));
}

/** Whether all conditions hold. */
export function holds(conditions: readonly Condition[], exchange: Exchange): boolean {
  for (const condition of conditions) if (!condition(exchange)) return false;
  return true;
}
