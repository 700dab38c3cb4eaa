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
  const rates = scope.nearest("limit_req").flatMap((directive) => rateUse(directive, t) ?? []);
  const concurrency = scope.nearest("limit_conn").flatMap((directive) => connUse(directive, t));
  return compact({
    rate: rates.length === 0 ? undefined : rates,
    concurrency: concurrency.length === 0 ? undefined : concurrency,
  });
}

/** The zones: what is counted, and how fast. `levels`: every level, to find what limits answer. */
export function limitZones(http: Scope, levels: readonly Scope[], t: Translation): Plain {
  const zone = (directive: Directive, kind: "req" | "conn"): readonly [string, Plain] | null => {
    t.ledger.claim(directive);
    const [key, ...words] = textsOf(directive);
    const [, name, size] = /^zone=([^:]+):(\S+)$/.exec(words.find((word) => word.startsWith("zone=")) ?? "") ?? [];
    const bytes = sizeOf(size ?? "");
    const [, rate, unit] = /^rate=(\d+)r\/([sm])$/.exec(words.find((word) => word.startsWith("rate=")) ?? "") ?? [];
    if (name === undefined || bytes === null || (kind === "req" && rate === undefined)) {
      t.refuse(directive, `invalid parameters of "${directive.name}"`);
      return null;
    }
    const limit = compact({
      key: t.template(directive, key!),
      rate: kind === "req" ? `${rate}/${unit}` : undefined,
      keys: kind === "req" ? Math.max(1, Math.floor(bytes / STATE.req)) : undefined,
      status: Number(setting(`limit_${kind}_status`, levels, t) ?? 503),
      dry_run: setting(`limit_${kind}_dry_run`, levels, t)?.toLowerCase() === "on" || undefined,
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

function rateUse(directive: Directive, t: Translation): Plain | null {
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
    burst: Number(of("burst") ?? 0),
    delay: words.includes("nodelay") ? false : delay === undefined ? true : Number(delay),
  };
}

function connUse(directive: Directive, t: Translation): Plain {
  t.ledger.claim(directive);
  const [name, most] = textsOf(directive);
  return { limit: limitName(name!), most: Math.max(1, Number(most)) };
}

/** One value for the instance: the first that is written. */
function setting(name: string, levels: readonly Scope[], t: Translation): string | null {
  const all = levels.flatMap((level) => level.own(name));
  for (const directive of all)
    if (firstOf(directive) === firstOf(all[0]!)) t.ledger.claim(directive);
    else t.ledger.claim(directive, "approximated", `a limit answers with one status everywhere: ${firstOf(all[0]!)}`);
  return all.length === 0 ? null : firstOf(all[0]!);
}
