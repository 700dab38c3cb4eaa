import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { firstOf, textsOf } from "./tree.ts";
import { sizeOf } from "./units.ts";

const BY_WISH = "whether a client gets a compressed answer is judged by its Accept-Encoding alone";

/** `gzip` (and `brotli` of the module) in effect at a level, as `compress`; undefined: off. */
export function compressAt(scope: Scope, t: Translation): Plain | undefined {
  const gzip = switchedOn("gzip", scope, t);
  const brotli = switchedOn("brotli", scope, t);
  if (!gzip && !brotli) return undefined;
  const family = gzip ? "gzip" : "brotli";
  const given = scope.nearest(`${family}_types`);
  t.ledger.claimAll(given);
  const types = given.flatMap(textsOf);
  const known = types.filter((type) => /^(?:\*|[\w.+-]+\/(?:\*|[\w.+-]+))$/.test(type));
  for (const directive of given) t.placeholders(directive, textsOf(directive).join(" "));
  if (known.length < types.length)
    t.ledger.claimAll(given, "approximated", "what is no media type is left out of the list");
  const minimum = scope.one(`${family}_min_length`);
  const level = scope.one(`${family}_comp_level`);
  for (const directive of [minimum, level]) if (directive !== null) t.ledger.claim(directive);
  noteOthers(scope, t);
  return {
    codings: [...(brotli ? ["br"] : []), ...(gzip ? ["gzip"] : [])],
    types: known.includes("*") ? ["*"] : [...new Set(["text/html", ...known])],
    minimum: minimum === null ? 20 : (sizeOf(firstOf(minimum)) ?? firstOf(minimum)),
    level: level === null ? (gzip ? 1 : 6) : Math.min(9, Number(firstOf(level))) || firstOf(level),
  };
}

// --- internal ---

function switchedOn(name: string, scope: Scope, t: Translation): boolean {
  const directive = scope.one(name);
  if (directive === null) return false;
  t.ledger.claim(directive);
  t.placeholders(directive, firstOf(directive));
  return firstOf(directive) === "on";
}

function noteOthers(scope: Scope, t: Translation): void {
  for (const name of ["gzip_proxied", "gzip_disable", "gzip_http_version"])
    t.ledger.claimAll(scope.nearest(name), "approximated", BY_WISH);
  const vary = scope.one("gzip_vary");
  if (vary === null) return;
  const on = firstOf(vary) === "on";
  t.ledger.claim(vary, on ? "mapped" : "approximated", on ? "" : "Vary is always sent with what may be compressed");
}
