import type { VariableConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { comparable, type Network, parseNetwork } from "./networks.ts";
import { compilePattern } from "./pattern.ts";
import { stateOf } from "./request-state.ts";
import type { Variable } from "./request-variables.ts";
import { boundsOf, murmurHash2 } from "./shares.ts";

/** A value before its variables are filled in. */
interface Value {
  evaluate(exchange: Exchange): string;
}

/**
 * A variable that is looked up by the value of others: NGINX's `map` (whole values without case, then host names with
 * wildcards, then patterns in order), `geo` (the narrowest network) and `split_clients` (a share of all hashes).
 */
export function compileLookup(config: VariableConfig, compile: (text: string) => Value): Variable {
  const from = compile(config.from);
  const values = new Map<string, Value>();
  for (const [key, value] of Object.entries(config.values)) {
    const name = latin1(key).toLowerCase();
    // `.example.org` is the name itself and all under it.
    if (config.hosts && name.startsWith(".")) values.set(name.slice(1), compile(value));
    values.set(config.hosts && name.startsWith(".") ? `*${name}` : name, compile(value));
  }
  const patterns = config.patterns.map(({ pattern, ignoreCase, value }) => ({
    pattern: compilePattern(pattern, ignoreCase),
    value: compile(value),
  }));
  const networks: { readonly network: Network; readonly value: Value }[] = Object.entries(config.networks)
    .map(([range, value]) => ({ network: parseNetwork(range), value: compile(value) }))
    .sort((a, b) => b.network.bits - a.network.bits);
  const shares = boundsOf(config.shares.map(({ share }) => share)).map((bound, at) => ({
    bound,
    value: compile(config.shares[at]!.value),
  }));
  const otherwise = compile(config.default);
  return (exchange) => {
    const text = from.evaluate(exchange);
    // A host name may end with a dot (RFC 3986 §3.2.2).
    const lower = (config.hosts && text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase();
    const whole = values.get(lower) ?? (config.hosts ? byWildcard(values, lower) : undefined);
    if (whole !== undefined) return whole.evaluate(exchange);
    for (const { pattern, value } of patterns) {
      const match = pattern.exec(text);
      if (match !== null) return withCaptures(exchange, match, value);
    }
    if (networks.length > 0) {
      const address = comparable(text);
      const found = networks.find(({ network }) => network.contains(address));
      if (found !== undefined) return found.value.evaluate(exchange);
    }
    if (shares.length > 0) {
      const hash = murmurHash2(Buffer.from(text, "latin1"));
      const found = shares.find(({ bound }) => hash < bound);
      if (found !== undefined) return found.value.evaluate(exchange);
    }
    return otherwise.evaluate(exchange);
  };
}

// --- internal ---

function latin1(text: string): string {
  return Buffer.from(text).latin1Slice();
}

/** The longest `*.example.org`, then the longest `www.example.*`. */
function byWildcard(values: ReadonlyMap<string, Value>, host: string): Value | undefined {
  for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    const found = values.get(`*${host.slice(dot)}`);
    if (found !== undefined) return found;
  }
  for (let dot = host.lastIndexOf("."); dot > 0; dot = host.lastIndexOf(".", dot - 1)) {
    const found = values.get(`${host.slice(0, dot)}.*`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Numbered groups are the look-up's own while its value is filled in; named ones stay as variables. */
function withCaptures(exchange: Exchange, match: RegExpExecArray, value: Value): string {
  const state = stateOf(exchange);
  const before = state.captures;
  state.captures = match;
  for (const [name, text] of Object.entries(match.groups ?? {})) state.variables.set(name, text ?? "");
  const result = value.evaluate(exchange);
  state.captures = before;
  return result;
}
