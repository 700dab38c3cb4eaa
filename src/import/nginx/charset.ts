import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { firstOf, textsOf } from "./tree.ts";

/** The charset that answers of apps and upstreams get at a level; undefined: none. */
export function charsetAt(scope: Scope, t: Translation): string | Plain | undefined {
  const directive = scope.one("charset");
  if (directive === null) return undefined;
  t.ledger.claim(directive);
  const value = firstOf(directive);
  if (value === "off") return undefined;
  if (value.includes("$")) {
    t.ledger.claim(directive, "approximated", "a fixed charset alone can be given; utf-8 is sent");
    return "utf-8";
  }
  const types = scope.nearest("charset_types");
  t.ledger.claimAll(types);
  return types.length === 0 ? value : { name: value, types: types.flatMap(textsOf) };
}
