import type { Plain } from "../tree.ts";
import { resolverOf } from "./resolver.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { durationText } from "./units.ts";
import { compact } from "./values.ts";

/** An `upstream` block as an entry of `upstreams`. */
export function upstreamSection(block: Directive, around: Scope, t: Translation): Plain {
  t.ledger.claim(block);
  const inner = (block.block ?? []).filter((directive) => directive.fate === null);
  const servers = inner.filter((directive) => directive.name === "server");
  if (servers.length === 0) t.refuse(block, "no servers are inside upstream");
  const keepalive = inner.find((directive) => directive.name === "keepalive");
  const requests = inner.find((directive) => directive.name === "keepalive_requests");
  const time = inner.find((directive) => directive.name === "keepalive_time");
  const timeout = inner.find((directive) => directive.name === "keepalive_timeout");
  const resolves = servers.some((server) => textsOf(server).includes("resolve"));
  const asked = resolves ? resolver(inner, around, t) : undefined;
  for (const directive of inner) noteOther(directive, t);
  return compact({
    targets: servers.map((server) => targetOf(server, t)),
    ...balanceOf(inner, t),
    resolver: asked,
    keepalive: keepalive === undefined ? undefined : Number(firstOf(keepalive)),
    keepalive_requests: requests === undefined ? undefined : Number(firstOf(requests)),
    keepalive_time: time === undefined ? undefined : durationText(firstOf(time)),
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
    else if (name === "resolve") continue;
    else if (name === "slow_start" || name === "route" || name === "service" || name === "drain")
      t.ledger.claim(server, "approximated", `${name} is left out`);
    else t.refuse(server, `invalid parameter "${parameter}"`);
  }
  return target;
}

function resolver(inner: readonly Directive[], around: Scope, t: Translation): Plain | undefined {
  const own = (name: string): Directive | null =>
    inner.find((directive) => directive.name === name) ?? around.one(name);
  return resolverOf(own("resolver"), own("resolver_timeout"), t);
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
  if (/^keepalive(?:_(?:requests|time|timeout))?$/.test(directive.name)) t.ledger.claim(directive);
  else if (directive.name === "zone")
    t.ledger.claim(directive, "ignored", "targets are shared by all that asks them anyway");
  else if (/^resolver/.test(directive.name) && !t.ledger.isClaimed(directive))
    t.ledger.claim(directive, "ignored", "no server of it has resolve: the system is asked for their names");
}
