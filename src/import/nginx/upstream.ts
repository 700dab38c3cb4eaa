import type { Plain } from "../tree.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { durationText } from "./units.ts";
import { compact } from "./values.ts";

/** An `upstream` block as an entry of `upstreams`. */
export function upstreamSection(block: Directive, t: Translation): Plain {
  t.ledger.claim(block);
  const inner = (block.block ?? []).filter((directive) => directive.fate === null);
  const servers = inner.filter((directive) => directive.name === "server");
  if (servers.length === 0) t.refuse(block, "no servers are inside upstream");
  const keepalive = inner.find((directive) => directive.name === "keepalive");
  const timeout = inner.find((directive) => directive.name === "keepalive_timeout");
  for (const directive of inner) noteOther(directive, t);
  return compact({
    targets: servers.map((server) => targetOf(server, t)),
    ...balanceOf(inner, t),
    keepalive: keepalive === undefined ? undefined : Number(firstOf(keepalive)),
    keepalive_timeout: timeout === undefined ? undefined : durationText(firstOf(timeout)),
  });
}

// --- internal ---

function targetOf(server: Directive, t: Translation): Plain {
  t.ledger.claim(server);
  const [address, ...parameters] = textsOf(server);
  t.placeholders(server, address!);
  const target: Plain = { address: addressOf(address!, server, t) };
  for (const parameter of parameters) {
    const [name, value] = parameter.split("=", 2) as [string, string | undefined];
    const number = Number(value);
    if (name === "weight") target["weight"] = number;
    else if (name === "max_conns") target["max_connections"] = number;
    else if (name === "max_fails") target["max_fails"] = number;
    else if (name === "fail_timeout") target["fail_timeout"] = durationText(value ?? "");
    else if (name === "backup") target["backup"] = true;
    else if (name === "down") target["down"] = true;
    else if (name === "resolve")
      t.ledger.claim(server, "approximated", "the system's resolver is asked for each connection");
    else if (name === "slow_start" || name === "route" || name === "service" || name === "drain")
      t.ledger.claim(server, "approximated", `${name} is left out`);
    else t.refuse(server, `invalid parameter "${parameter}"`);
  }
  return target;
}

function addressOf(written: string, server: Directive, t: Translation): string {
  if (written.startsWith("unix:")) return `unix:${t.path(server, written.slice(5))}`;
  return /:(?:\d+|\$\{.*)$/.test(written) || /^\$\{\w+\}$/.test(written) ? written : `${written}:80`;
}

function balanceOf(inner: readonly Directive[], t: Translation): Plain {
  const method = inner.find((directive) =>
    /^(?:least_conn|ip_hash|hash|random|least_time|sticky)$/.test(directive.name),
  );
  if (method === undefined) return {};
  t.ledger.claim(method);
  const words = textsOf(method);
  switch (method.name) {
    case "least_conn":
      return { balance: "least-connections" };
    case "ip_hash":
      return { balance: "ip-hash" };
    case "hash":
      return { balance: "hash", key: t.template(method, words[0]!), consistent: words[1] === "consistent" };
    case "random":
      if (words[0] !== "two") t.ledger.claim(method, "approximated", "the better of two at random");
      return { balance: "random-two" };
    case "sticky":
      if (words[0] === "cookie") return { balance: "sticky", key: words[1] ?? "" };
      t.ledger.claim(method, "needs-a-decision", "targets are remembered by a cookie alone");
      return {};
    default:
      t.ledger.claim(method, "approximated", "the target with the least connections");
      return { balance: "least-connections" };
  }
}

function noteOther(directive: Directive, t: Translation): void {
  if (directive.name === "keepalive" || directive.name === "keepalive_timeout") t.ledger.claim(directive);
  else if (directive.name === "zone")
    t.ledger.claim(directive, "ignored", "targets are shared by all that asks them anyway");
  else if (/^(?:keepalive_requests|keepalive_time)$/.test(directive.name))
    t.ledger.claim(directive, "ignored", "connections to targets are kept as long as they are good");
  else if (/^(?:resolver|resolver_timeout)$/.test(directive.name))
    t.ledger.claim(directive, "ignored", "names are looked up by the system's resolver");
}
