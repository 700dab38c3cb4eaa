import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { sizeOf } from "./units.ts";
import { compact, sectionOf } from "./values.ts";

/** What NGINX keeps of one key on a 64-bit machine, bytes. */
const STATE = { req: 128, conn: 64 } as const;

/** How often, and how many at once: what is in effect at a level. */
export function limitsAt(scope: Scope, t: Translation): Plain {
  const rates = scope.nearest("limit_req").flatMap((directive) => rateUse(directive, scope, t) ?? []);
  const concurrency = scope.nearest("limit_conn").flatMap((directive) => connUse(directive, scope, t));
  return compact({
    rate: rates.length === 0 ? undefined : rates,
    concurrency: concurrency.length === 0 ? undefined : concurrency,
  });
}

/** The zones: what is counted, and how fast. */
export function limitZones(http: Scope, t: Translation): Plain {
  const zone = (directive: Directive, kind: "req" | "conn"): readonly [string, Plain] | null => {
    t.ledger.claim(directive);
    const [key, ...words] = textsOf(directive);
    const [, name, size] = /^zone=([^:]+):(\S+)$/.exec(words.find((word) => word.startsWith("zone=")) ?? "") ?? [];
    const bytes = sizeOf(size ?? "");
    const [, rate, unit] =
      /^rate=(\d+|\$\{\w+\})r\/([sm])$/.exec(words.find((word) => word.startsWith("rate=")) ?? "") ?? [];
    t.placeholders(directive, words.join(" "));
    if (name === undefined || (bytes === null && !/\$\{/.test(size ?? "")) || (kind === "req" && rate === undefined)) {
      t.refuse(directive, `invalid parameters of "${directive.name}"`);
      return null;
    }
    const limit = compact({
      key: t.template(directive, key!),
      rate: kind === "req" ? `${rate}/${unit}` : undefined,
      keys: kind === "req" && bytes !== null ? Math.max(1, Math.floor(bytes / STATE.req)) : undefined,
      ...outcome(kind, http, t),
    });
    return [limitName(name), limit];
  };
  const zones = (name: string, kind: "req" | "conn") =>
    Object.fromEntries(
      http.own(name).flatMap((directive) => [zone(directive, kind) ?? []].filter((one) => one.length > 0)),
    );
  return compact({
    rate_limits: sectionOf(zones("limit_req_zone", "req")),
    concurrency_limits: sectionOf(zones("limit_conn_zone", "conn")),
  });
}

// --- internal ---

function limitName(written: string): string {
  return written.replace(/[^\w.-]/g, "_").replace(/^[.-]/, "_");
}

/** A number, or what a template has in its place, which the environment fills in. */
function numberOr(written: string): number | string {
  return /\$\{/.test(written) ? written : Number(written);
}

function rateUse(directive: Directive, scope: Scope, t: Translation): Plain | null {
  t.ledger.claim(directive);
  const words = textsOf(directive);
  const of = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const zone = of("zone");
  if (zone === undefined) {
    t.refuse(directive, 'there is no "zone" parameter');
    return null;
  }
  const delay = of("delay");
  return {
    limit: limitName(zone),
    burst: numberOr(of("burst") ?? "0"),
    delay: words.includes("nodelay") ? false : delay === undefined ? true : numberOr(delay),
    ...ownOutcome("req", scope, t),
  };
}

function connUse(directive: Directive, scope: Scope, t: Translation): Plain {
  t.ledger.claim(directive);
  const [name, most] = textsOf(directive);
  return {
    limit: limitName(name!),
    most: /\$\{/.test(most!) ? most : Math.max(1, Number(most)),
    ...ownOutcome("conn", scope, t),
  };
}

/** What is done above a limit, as a level has it. */
function outcome(
  kind: "req" | "conn",
  scope: Scope,
  t: Translation,
): { readonly status: number; readonly dry_run?: true } {
  const [status, dry] = [scope.one(`limit_${kind}_status`), scope.one(`limit_${kind}_dry_run`)];
  for (const directive of [status, dry]) if (directive !== null) t.ledger.claim(directive);
  return {
    status: status === null ? NGINX_STATUS : Number(firstOf(status)),
    ...(dry !== null && firstOf(dry).toLowerCase() === "on" && { dry_run: true }),
  };
}

/** The same where it differs from what the zones say. */
function ownOutcome(kind: "req" | "conn", scope: Scope, t: Translation): Plain {
  const own = outcome(kind, scope, t);
  const http = scope.within("http");
  const zone = http === null ? { status: NGINX_STATUS } : outcome(kind, http, t);
  return compact({
    status: own.status === zone.status ? undefined : own.status,
    dry_run: own.dry_run === zone.dry_run ? undefined : own.dry_run === true,
  });
}

const NGINX_STATUS = 503;
