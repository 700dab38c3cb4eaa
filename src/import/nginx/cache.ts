import { formatSize } from "../../base/units.ts";
import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { durationText, sizeOf } from "./units.ts";
import { compact, sectionOf } from "./values.ts";

const FAMILIES = ["proxy", "uwsgi", "fastcgi", "scgi"] as const;

/** Memory for a zone that NGINX may let grow larger on disk, or without a bound. */
const LARGEST_ZONE = 256 * 1024 * 1024;
/** NGINX bounds what it caches by the disk; here an answer is kept in memory. */
const LARGEST_ANSWER = 16 * 1024 * 1024;
/** NGINX uses a stale answer as long as it has it: a year and more. */
const AS_LONG_AS_KEPT = "52w";

const DIFFERENCES =
  "kept as RFC 9111 has it: answers carry Age; one to a request with Authorization, or one that sets a cookie, is kept for others only where the configuration or the origin says so; a request with another method makes what is kept for its URL invalid";

/** `*_cache` and what belongs to it, in effect at a level, as `cache`; undefined: off. `server`: what `$proxy_host` is there. */
export function cacheAt(family: string, server: string, scope: Scope, t: Translation): Plain | undefined {
  const given = (name: string): Directive | null => scope.one(`${family}_${name}`);
  const claimed = (name: string): Directive | null => {
    const directive = given(name);
    if (directive !== null) t.ledger.claim(directive);
    return directive;
  };
  const cache = given("cache");
  if (cache === null) return undefined;
  const zone = firstOf(cache);
  t.placeholders(cache, zone);
  if (zone === "off") {
    t.ledger.claim(cache);
    return undefined;
  }
  if (/[$]/.test(zone)) {
    t.ledger.claim(cache, "needs-a-decision", "the zone depends on the request; until you decide, nothing is cached");
    return undefined;
  }
  t.ledger.claim(cache, "approximated", DIFFERENCES);
  t.cacheZones.set(zone, cache);
  const key = claimed("cache_key");
  const lock = claimed("cache_lock");
  const lockTimeout = claimed("cache_lock_timeout");
  const minUses = claimed("cache_min_uses");
  const revalidate = claimed("cache_revalidate");
  const noLock = lock === null || firstOf(lock) !== "on";
  noteOthers(family, scope, t);
  return compact({
    store: zone,
    key: key === null ? undefined : t.template(key, firstOf(key)).replaceAll("{proxy_host}", server),
    ttl: ttlOf(scope.nearest(`${family}_cache_valid`), t),
    ...staleOf(given("cache_use_stale"), given("cache_background_update"), t),
    ignore: ignored(scope.nearest(`${family}_ignore_headers`)),
    accel_expires: ignoresAccel(scope.nearest(`${family}_ignore_headers`)) ? undefined : true,
    min_uses: minUses === null ? undefined : Number(firstOf(minUses)),
    max_entry: formatSize(Math.min(LARGEST_ANSWER, zoneSize(zone, scope) / 4)),
    wait: noLock ? 0 : lockTimeout === null ? undefined : durationText(firstOf(lockTimeout)),
    revalidate: revalidate !== null && firstOf(revalidate) === "on" ? undefined : false,
    request_directives: false,
    status: false,
    refresh: conditions(scope.nearest(`${family}_cache_bypass`), t),
    no_store: conditions(scope.nearest(`${family}_no_cache`), t),
  });
}

/** The zones that some route uses, as `caches`; undefined for none. */
export function cacheStores(http: Scope | null, t: Translation): Plain | undefined {
  const stores: Record<string, unknown> = {};
  for (const [zone, user] of t.cacheZones) {
    const path = zonePath(zone, http);
    if (path !== null)
      t.ledger.claim(
        path,
        "approximated",
        `kept in memory of each edge, ${formatSize(sizeIn(path))} at most, and not on disk: empty after a start`,
      );
    else if (t.isWhole) t.refuse(user, `"proxy_cache" zone "${zone}" is unknown`);
    stores[zone] = { size: formatSize(path === null ? LARGEST_ZONE : sizeIn(path)) };
  }
  return sectionOf(stores);
}

// --- internal ---

function zonePath(zone: string, http: Scope | null): Directive | null {
  const paths = http === null ? [] : FAMILIES.flatMap((family) => http.own(`${family}_cache_path`));
  return paths.find((path) => textsOf(path).some((word) => word.startsWith(`keys_zone=${zone}:`))) ?? null;
}

function zoneSize(zone: string, scope: Scope): number {
  const path = zonePath(zone, scope.within("http"));
  return path === null ? LARGEST_ZONE : sizeIn(path);
}

/** What it may take on disk, in memory; without a bound as much as is sensible. */
function sizeIn(path: Directive): number {
  const word = textsOf(path).find((one) => one.startsWith("max_size="));
  const size = word === undefined ? null : sizeOf(word.slice("max_size=".length));
  return size === null || size === 0 ? LARGEST_ZONE : Math.min(size, LARGEST_ZONE);
}

/** `200 302 10m`, `any 1m`, `10m`: the first that fits a status counts. */
function ttlOf(directives: readonly Directive[], t: Translation): Plain | undefined {
  const times: Record<string, unknown> = {};
  for (const directive of directives) {
    t.ledger.claim(directive);
    const words = textsOf(directive);
    const time = durationText(words.pop()!);
    if (times["any"] !== undefined) t.ledger.claim(directive, "mapped", "any stands before it: it has no effect");
    else for (const status of words.length === 0 ? ["200", "301", "302"] : words) times[status] ??= time;
  }
  return sectionOf(times);
}

const ON_ERROR = new Set(["error", "timeout", "invalid_header", "http_500", "http_502", "http_503", "http_504"]);

function staleOf(use: Directive | null, background: Directive | null, t: Translation): Plain {
  const words = use === null ? [] : textsOf(use);
  if (background !== null) t.ledger.claim(background);
  if (use === null || words.includes("off")) {
    if (use !== null) t.ledger.claim(use);
    return {};
  }
  t.ledger.claim(use);
  const onError = words.filter((word) => ON_ERROR.has(word));
  if (words.some((word) => word !== "updating" && !ON_ERROR.has(word)))
    t.ledger.claim(use, "approximated", "a stale answer stands in for what fails and for 500, 502, 503 and 504 alone");
  else if (onError.length > 0 && onError.length < ON_ERROR.size)
    t.ledger.claim(use, "approximated", "a stale answer stands in for every failure and for 500, 502, 503 and 504");
  const updating = words.includes("updating");
  if (updating && (background === null || firstOf(background) !== "on"))
    t.ledger.claim(use, "approximated", "nobody waits for the update: it is made in the background");
  return compact({
    stale_while_revalidate: updating ? AS_LONG_AS_KEPT : undefined,
    stale_if_error: onError.length > 0 ? AS_LONG_AS_KEPT : undefined,
  });
}

function ignored(directives: readonly Directive[]): string[] | undefined {
  const names = directives.flatMap((directive) => textsOf(directive).map((name) => name.toLowerCase()));
  const known = names.filter((name) => /^(?:cache-control|expires|set-cookie|vary)$/.test(name));
  return known.length === 0 ? undefined : [...new Set(known)];
}

function ignoresAccel(directives: readonly Directive[]): boolean {
  return directives.some((directive) => textsOf(directive).some((name) => name.toLowerCase() === "x-accel-expires"));
}

/** Each of the texts holds where it is neither empty nor `0`. */
function conditions(directives: readonly Directive[], t: Translation): Plain[] | undefined {
  const found = directives.flatMap((directive) => {
    t.ledger.claim(directive);
    return textsOf(directive).map((text) => ({ value: t.template(directive, text) }));
  });
  return found.length === 0 ? undefined : found;
}

function noteOthers(family: string, scope: Scope, t: Translation): void {
  const note = (name: string, verdict: "approximated" | "ignored", text: string): void =>
    t.ledger.claimAll(scope.nearest(`${family}_${name}`), verdict, text);
  note("cache_lock_age", "approximated", "who has waited for the lock asks by itself");
  note("cache_max_range_offset", "approximated", "parts are cut from what is kept");
  const head = scope.one(`${family}_cache_convert_head`);
  if (head !== null)
    t.ledger.claim(head, "approximated", "HEAD is answered from what a GET has brought, and else goes on as HEAD");
  const methods = scope.one(`${family}_cache_methods`);
  if (methods === null) return;
  const posts = textsOf(methods).some((method) => !/^(?:GET|HEAD)$/i.test(method));
  t.ledger.claim(methods, posts ? "approximated" : "mapped", posts ? "answers to GET alone are kept" : "");
}
