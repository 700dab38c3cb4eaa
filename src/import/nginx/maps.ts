import type { Plain } from "../tree.ts";
import { AddressRanges } from "./address-ranges.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { compact, sectionOf } from "./values.ts";
import { ownName } from "./variables.ts";

/** A `map`, `geo` or `split_clients` block as an entry of `variables`: its name and what it says; null where it can't be had. */
export function variableOf(block: Directive, t: Translation): readonly [string, Plain] | null {
  t.ledger.claim(block);
  const words = textsOf(block);
  const name = /^\$\{?(\w+)\}?$/.exec(words.at(-1) ?? "")?.[1];
  if (name === undefined) {
    t.refuse(block, `invalid variable name "${words.at(-1)}"`);
    return null;
  }
  if (block.name === "split_clients") return [ownName(name), splitSection(block, words[0]!, t)];
  return block.name === "map"
    ? [ownName(name), mapSection(block, words[0]!, t)]
    : geoEntry(block, ownName(name), words, t);
}

// --- internal ---

function mapSection(block: Directive, from: string, t: Translation): Plain {
  const values: Record<string, string> = {};
  const patterns: Plain[] = [];
  let fallback: string | undefined;
  let hosts = false;
  for (const entry of block.block ?? []) {
    if (entry.name === "include") continue;
    if (entry.args.length === 0) {
      if (entry.name === "hostnames") hosts = true;
      else if (entry.name !== "volatile") t.refuse(block, "invalid number of the map parameters");
      continue;
    }
    const value = t.template(block, firstOf(entry));
    const regex = /^~(\*?)([\s\S]*)$/.exec(entry.name);
    if (regex !== null) {
      const pattern = t.pattern(block, regex[2]!);
      if (pattern !== null)
        patterns.push(
          compact({ match: pattern.source, ignore_case: regex[1] === "*" || pattern.ignoreCase || undefined, value }),
        );
    } else if (entry.name === "default") fallback = value;
    else values[entry.name.replace(/^\\/, "").toLowerCase()] ??= value;
  }
  return compact({
    from: t.template(block, from),
    values: sectionOf(values),
    hosts: hosts || undefined,
    patterns: patterns.length === 0 ? undefined : patterns,
    default: fallback,
  });
}

function splitSection(block: Directive, from: string, t: Translation): Plain {
  const entries = block.block ?? [];
  const shares: Plain[] = [];
  let fallback: string | undefined;
  for (const entry of entries) {
    // Without variables, in NGINX.
    const value = firstOf(entry).replace(/\{\w+\}/g, (braced) => `{${braced}}`);
    const isShare = /^(?:\d+(?:\.\d{1,2})?|\.\d{1,2})%$/.test(entry.name);
    if (entry.name === "*") fallback ??= value;
    else if (!isShare) t.refuse(block, `invalid percent value "${entry.name}"`);
    // What stands behind the rest is never reached.
    else if (fallback === undefined) shares.push({ share: entry.name, value });
  }
  const sum = shares.reduce((total, { share }) => total + Number.parseFloat(String(share)), 0);
  if (sum > 100) t.refuse(block, "percent total is greater than 100%");
  return compact({ from: t.template(block, from), shares, default: fallback });
}

function geoEntry(
  block: Directive,
  name: string,
  words: readonly string[],
  t: Translation,
): readonly [string, Plain] | null {
  const entries = block.block ?? [];
  const ranges = entries.some((entry) => entry.name === "ranges") ? new AddressRanges() : null;
  const networks: Record<string, string> = {};
  let fallback: string | undefined;
  for (const entry of entries) {
    const value = firstOf(entry);
    if (entry.name === "include" || entry.name === "ranges") continue;
    if (entry.name === "proxy" || entry.name === "proxy_recursive")
      t.ledger.claim(block, "approximated", "the connection's own address is looked up, not one that a proxy names");
    else if (entry.name === "default") fallback = value;
    else if (ranges !== null) {
      const isRange = entry.name === "delete" ? ranges.delete(value) : ranges.add(entry.name, value);
      if (!isRange) t.ledger.claim(block, "needs-a-decision", `${entry.name} ${value} is no range of IPv4 addresses`);
    } else if (entry.name === "delete") delete networks[value];
    else networks[entry.name] = value;
  }
  const from = words.length === 2 ? t.template(block, words[0]!) : undefined;
  return [name, compact({ from, networks: ranges?.networks() ?? networks, default: fallback })];
}
