import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { durationText } from "./units.ts";
import { compact, sectionOf } from "./values.ts";
import { ownName } from "./variables.ts";

/** What asks who the client is, without a counterpart. */
const FOREIGN_GUARDS: readonly string[] = ["auth_jwt", "auth_ldap", "auth_pam", "auth_digest", "auth_oidc"];
const UNTIL_THEN = "there is no such check here yet; until you decide, clients get 403 here rather than what it guards";

/** Who may come in at a level: by address, by password, by another's word. */
export function accessAt(scope: Scope, t: Translation): Plain {
  const rules = addressRules(scope, t);
  const guards = FOREIGN_GUARDS.flatMap((name) => scope.nearest(name).slice(-1)).filter((one) => isOn(one, t));
  const satisfy = scope.one("satisfy");
  for (const one of scope.nearest("satisfy")) t.ledger.claim(one);
  const any = satisfy !== null && firstOf(satisfy) === "any";
  if (guards.length > 0) {
    t.ledger.claimAll(guards, "needs-a-decision", UNTIL_THEN);
    // Who passes by address need not pass the other check with `satisfy any`.
    const byAddress = any ? (rules ?? []) : [];
    return { access: [...byAddress.filter((rule) => rule["deny"] !== "all"), { deny: "all" }] };
  }
  const [basic, forward] = [basicAuth(scope, t), forwardAuth(scope, t)];
  if (basic === CLOSED) return { access: [{ deny: "all" }] };
  const auth = sectionOf({ basic, forward });
  return compact({ access: rules, auth, satisfy: any && auth !== undefined ? "any" : undefined });
}

// --- internal ---

const CLOSED: unique symbol = Symbol("closed");

function isOn(directive: Directive, t: Translation): boolean {
  if (firstOf(directive) !== "off") return true;
  t.ledger.claim(directive);
  return false;
}

/** `allow` and `deny` are one list, taken from the nearest level that has either. */
function addressRules(scope: Scope, t: Translation): Plain[] | undefined {
  const rules: Plain[] = [];
  for (const directive of levelOf(scope)?.directives ?? []) {
    if (directive.name !== "allow" && directive.name !== "deny") continue;
    t.ledger.claim(directive);
    rules.push({ [directive.name]: t.template(directive, firstOf(directive)) });
  }
  return rules.length === 0 ? undefined : rules;
}

function levelOf(scope: Scope): Scope | null {
  if (scope.own("allow").length > 0 || scope.own("deny").length > 0) return scope;
  return scope.parent === null ? null : levelOf(scope.parent);
}

function basicAuth(scope: Scope, t: Translation): Plain | undefined | typeof CLOSED {
  const realm = scope.one("auth_basic");
  const file = scope.one("auth_basic_user_file");
  if (realm === null || !isOn(realm, t)) return undefined;
  if (file === null) {
    t.ledger.claim(realm, "mapped", "without auth_basic_user_file NGINX asks nobody either");
    return undefined;
  }
  t.ledger.claim(realm);
  for (const delay of scope.nearest("auth_delay"))
    t.ledger.claim(delay, "approximated", "wrong passwords wait their turn to be checked, and no longer");
  t.placeholders(file, firstOf(file));
  if (
    /\$/.test(
      t
        .template(file, firstOf(file))
        .replace(/\$\{\w+\}/g, "")
        .replace(/\{\w+\}/g, "$"),
    )
  ) {
    t.ledger.claim(file, "needs-a-decision", `a file of users has one name here, without variables; ${UNTIL_THEN}`);
    return CLOSED;
  }
  t.ledger.claim(file);
  return { file: t.configurationPath(file, firstOf(file)), realm: t.template(realm, firstOf(realm)) };
}

function forwardAuth(scope: Scope, t: Translation): Plain | undefined {
  const request = scope.one("auth_request");
  if (request === null || !isOn(request, t)) return undefined;
  t.ledger.claim(request);
  const set: Plain = {};
  for (const directive of scope.nearest("auth_request_set")) {
    t.ledger.claim(directive);
    const [name, value] = textsOf(directive);
    const plain = /^\$\{?(\w+)\}?$/.exec(name!)?.[1];
    if (plain === undefined) t.refuse(directive, `invalid variable name "${name}"`);
    else set[ownName(plain)] = t.template(directive, value!);
  }
  // The question's own timeouts are those of the location that answers it.
  return compact({ to: firstOf(request), timeout: durationText("300s"), set: sectionOf(set) });
}
