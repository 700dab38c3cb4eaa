import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf } from "./tree.ts";
import { sizeOf, sizeText } from "./units.ts";
import { compact } from "./values.ts";

/** How fast answers go out: `limit_rate` and `limit_rate_after`, or what `set` gives to $limit_rate. */
export function bandwidthAt(scope: Scope, t: Translation): Plain {
  const [rate, after] = [scope.one("limit_rate"), scope.one("limit_rate_after")];
  const isSet = setsRate(scope.directives) || (rate === null && t.variables.isDefined("limit_rate"));
  if (rate === null && !isSet) return {};
  if (rate !== null && isSet)
    t.ledger.claim(rate, "approximated", "where a level gives $limit_rate a value with `set`, that alone counts");
  return compact({
    bandwidth: isSet ? "{limit_rate}" : sizeAt(rate!, t),
    bandwidth_after: after === null ? undefined : sizeAt(after, t),
  });
}

// --- internal ---

function setsRate(directives: readonly Directive[]): boolean {
  return directives.some(
    ({ name, args, block }) =>
      (name === "set" && /^\$\{?limit_rate\}?$/.test(args[0]?.text ?? "")) ||
      (name === "if" && block !== null && setsRate(block)),
  );
}

function sizeAt(directive: Directive, t: Translation): string | undefined {
  t.ledger.claim(directive);
  const text = firstOf(directive);
  t.placeholders(directive, text);
  if (sizeOf(text) !== null || text.includes("${")) return sizeText(text);
  const template = t.template(directive, text);
  // Bytes that go first are counted before there is a request.
  if (template !== text && directive.name === "limit_rate") return template;
  if (template !== text) t.ledger.claim(directive, "approximated", "the same for all requests: 0");
  else t.refuse(directive, `invalid value "${text}"`);
  return undefined;
}
