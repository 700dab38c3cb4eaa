import type { Plain } from "../tree.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { durationText } from "./units.ts";
import { compact } from "./values.ts";

/** `resolver` and `resolver_timeout` where names are looked up while requests come; undefined: there is none. */
export function resolverOf(directive: Directive | null, timeout: Directive | null, t: Translation): Plain | undefined {
  if (directive === null || firstOf(directive) === "off") return undefined;
  t.ledger.claim(directive);
  if (timeout !== null) t.ledger.claim(timeout);
  const servers: string[] = [];
  const options = new Map<string, string>();
  for (const word of textsOf(directive)) {
    const option = /^(valid|ipv4|ipv6|status_zone|local)=(.*)$/.exec(word);
    if (option === null) servers.push(t.template(directive, word));
    else options.set(option[1]!, option[2]!);
    if (option?.[1] === "status_zone") t.ledger.claim(directive, "approximated", "look-ups are not counted");
  }
  if (servers.length === 0) return undefined;
  const valid = options.get("valid");
  return compact({
    servers,
    valid: valid === undefined ? undefined : durationText(valid),
    timeout: timeout === null ? undefined : durationText(firstOf(timeout)),
    ipv4: options.get("ipv4") === "off" ? false : undefined,
    ipv6: options.get("ipv6") === "off" ? false : undefined,
  });
}
