import type { Plain } from "../tree.ts";
import { hostsOf } from "./hosts.ts";
import { type Listen, listenOf } from "./listen.ts";
import { answerAt, nestedRoutes, rulesWith } from "./location.ts";
import { optionsAt } from "./options.ts";
import { proxyProtocolAt, trustAt } from "./real-ip.ts";
import { isBodiless } from "./returns.ts";
import { rulesOf } from "./rules.ts";
import type { Scope } from "./scope.ts";
import { rootAt } from "./static-files.ts";
import { refusesHandshakes, tlsOf } from "./tls.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { compact } from "./values.ts";

/** A server as a site, and where it listens; no listens: nothing of it is served. */
export interface Server {
  readonly site: Plain;
  readonly listens: readonly Listen[];
  /** What it wants of its listeners with TLS; null without a certificate. */
  readonly tls: Plain | null;
  /** As the default server of an address it lets handshakes for unknown names fail. */
  readonly refusesHandshakes: boolean;
  readonly directive: Directive | null;
  /** An include of it, or of the level around it, could not be read. */
  readonly isIncomplete: boolean;
  /** How its listeners with the PROXY protocol read it; null: it has none. */
  readonly proxyProtocol: Plain | null;
}

/** Translates a `server` block, or a fragment of one (`directive` null). */
export function serverOf(directive: Directive | null, scope: Scope, t: Translation): Server {
  return t.withRoot(
    () => rootAt(scope, t),
    () => translate(directive, scope, t),
  );
}

// --- internal ---

function translate(directive: Directive | null, scope: Scope, t: Translation): Server {
  if (directive !== null) t.ledger.claim(directive);
  const listens = listensOf(scope, t);
  const isTls = listens.some((listen) => listen.isTls);
  const tls = isTls ? tlsOf(scope, t) : null;
  if (directive !== null && listens.length === 0)
    t.ledger.claim(directive, "approximated", "nothing of it is served, as no listener of it can be opened: see there");
  const options = optionsAt(scope, t);
  const rules = rulesOf(scope, t, () => null);
  const routes = nestedRoutes(scope, t, [options]) ?? [];
  const isAlone = rules.answer !== null && routes.length === 0;
  if (!routes.some((route) => route["prefix"] === "/") || rules.answer !== null)
    routes.push(...fallbackRoute(scope, t, rules.answer, isAlone));
  const site = compact({
    hosts: hostsOf(scope, t),
    order: "nginx",
    trusted_proxies: trustAt(scope, t),
    ...options,
    rules: rulesWith(
      [],
      rules.answer === null || isAlone ? rules : { ...rules, rules: [...rules.rules, asRule(rules.answer)] },
    ),
    routes,
  });
  const isProxied = listens.some((listen) => listen.isProxied);
  const isIncomplete = [scope, scope.parent].some((level) =>
    level?.directives.some(
      ({ name, fate }) => fate !== null && (name === "include" ? fate.verdict !== "mapped" : /^\$\{/.test(name)),
    ),
  );
  return {
    site,
    listens,
    tls,
    refusesHandshakes: isTls && refusesHandshakes(scope, t),
    directive,
    isIncomplete,
    proxyProtocol: isProxied ? proxyProtocolAt(scope, t) : null,
  };
}

function listensOf(scope: Scope, t: Translation): Listen[] {
  const ssl = scope.own("ssl").at(-1);
  const isTls = ssl !== undefined && firstOf(ssl) === "on";
  if (ssl !== undefined) t.ledger.claim(ssl);
  const listens = scope.own("listen");
  if (listens.length === 0) return [{ address: "*:80", isDefault: false, isTls, isProxied: false }];
  const found = listens.flatMap((directive) => listenOf(directive, isTls, t) ?? []);
  const seen = new Set<string>();
  for (const directive of listens) {
    const address = textsOf(directive)[0]!;
    if (seen.has(address)) t.refuse(directive, `a duplicate listen ${address}`);
    seen.add(address);
  }
  return found;
}

/** What answers where no location does: the server's own settings, as if it were one. */
function fallbackRoute(scope: Scope, t: Translation, answer: Plain | null, isAlone: boolean): Plain[] {
  if (isAlone) return [{ prefix: "/", ...answer }];
  if (answer !== null) return [];
  return [{ prefix: "/", ...answerAt(scope, t, { rules: [], answer: null }) }];
}

/** The handler of a `return` as the rule that it was, for a server that has locations too. */
function asRule(answer: Plain): Plain {
  const redirect = answer["redirect"] as Plain | undefined;
  if (redirect !== undefined) return { return: redirect["status"], to: redirect["to"] };
  const respond = answer["respond"] as Plain | undefined;
  if (respond !== undefined) {
    const status = Number(respond["status"]);
    return isBodiless(status) ? { return: status } : { return: status, body: respond["body"] ?? "" };
  }
  return { return: answer["fail"] };
}
