import type { Plain } from "../tree.ts";
import { answerOfReturn, isBodiless } from "./returns.ts";
import { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, textsOf } from "./tree.ts";
import { compact } from "./values.ts";
import { ownName } from "./variables.ts";

/** Makes the route of an `if` whose block holds more than rules: without a match. */
export type RouteOfIf = (scope: Scope, rules: Rules) => Plain | null;

export interface Rules {
  readonly rules: readonly Plain[];
  /** The handler of a `return` that ends them for every request, or null. */
  readonly answer: Plain | null;
}

const REWRITE_MODULE: ReadonlySet<string> = new Set([
  "rewrite",
  "set",
  "if",
  "return",
  "break",
  "rewrite_log",
  "uninitialized_variable_warn",
]);

/** The directives of the rewrite module at a level, in their order. */
export function rulesOf(scope: Scope, t: Translation, routeOfIf: RouteOfIf): Rules {
  const rules: Plain[] = [];
  let mayBreak = false;
  for (const directive of scope.directives) {
    if (directive.fate !== null) continue;
    if (directive.name === "return") {
      t.ledger.claim(directive);
      const answer = answerOfReturn(directive, scope, t);
      if (answer !== null && !mayBreak) return { rules, answer };
      rules.push(
        answer !== null && hasBody(answer) && scope.kind !== "server" ? always(answer) : returnRule(directive, t),
      );
      break;
    }
    const rule = ruleOf(directive, scope, t, routeOfIf);
    if (rule === null) continue;
    rules.push(rule);
    mayBreak ||= rule["route"] !== undefined || canBreak(rule);
  }
  return { rules, answer: null };
}

// --- internal ---

function ruleOf(directive: Directive, scope: Scope, t: Translation, routeOfIf: RouteOfIf): Plain | null {
  switch (directive.name) {
    case "rewrite":
      return rewriteRule(directive, t);
    case "set": {
      t.ledger.claim(directive);
      const [name, value] = textsOf(directive);
      const plain = /^\$\{?(\w+)\}?$/.exec(name!)?.[1];
      if (plain === undefined) {
        t.refuse(directive, `invalid variable name "${name}"`);
        return null;
      }
      return { set: ownName(plain), to: t.template(directive, value!) };
    }
    case "break":
      t.ledger.claim(directive);
      return { break: true };
    case "if":
      return ifRule(directive, scope, t, routeOfIf);
    default:
      return null;
  }
}

function rewriteRule(directive: Directive, t: Translation): Plain | null {
  t.ledger.claim(directive);
  const [regex, replacement, flag] = textsOf(directive);
  if (flag !== undefined && !/^(?:last|break|redirect|permanent)$/.test(flag)) {
    t.refuse(directive, `invalid parameter "${flag}"`);
    return null;
  }
  const pattern = t.pattern(directive, regex!);
  if (pattern === null) return null;
  const leaves = /^(?:https?:\/\/|\$scheme)/.test(replacement!);
  const then = flag === "permanent" ? "permanent" : flag === "redirect" || leaves ? "redirect" : (flag ?? "continue");
  const to = t.template(directive, replacement!);
  return compact({
    rewrite: pattern.source,
    ignore_case: pattern.ignoreCase || undefined,
    to,
    flag: then === "continue" ? undefined : then,
  });
}

function ifRule(directive: Directive, scope: Scope, t: Translation, routeOfIf: RouteOfIf): Plain | null {
  t.ledger.claim(directive);
  const when = conditionOf(directive, t);
  const inner = new Scope("if", directive.block ?? [], scope, directive);
  const more = (directive.block ?? []).some((one) => !REWRITE_MODULE.has(one.name) && one.name !== "include");
  const result = rulesOf(inner, t, routeOfIf);
  const { rules, answer } = result;
  if (when === null) return null;
  if (more) {
    const route = routeOfIf(inner, result);
    // NGINX answers at once by the return of the block, with the block's own headers.
    const own = answer === null ? rules : [...rules, { break: true }];
    t.ledger.claim(
      directive,
      "mapped",
      "in its block all of NGINX's inheritance applies: what it sets itself takes the place of what stands outside",
    );
    return compact({ when, rules: own.length === 0 ? undefined : own, route: route === null ? undefined : route });
  }
  if (scope.kind === "location" && scope.own("try_files").length > 0 && answer === null)
    t.ledger.claim(directive, "approximated", "where it holds NGINX forgets the location's try_files; here they stay");
  // A body has a type, which a rule can't give.
  if (scope.kind !== "server" && answer !== null && hasBody(answer))
    return { when, rules: [...rules, { break: true }], route: answer };
  const last = answer === null ? null : returnRule(inner.own("return")[0]!, t);
  const all = last === null ? rules : [...rules, last];
  return all.length === 0 ? null : { when, rules: all };
}

/** The condition in an `if`'s parentheses. */
function conditionOf(directive: Directive, t: Translation): Plain | null {
  const words = textsOf(directive);
  const invalid = (): null => {
    t.refuse(directive, `invalid condition "${words[0]}"`);
    return null;
  };
  if (words[0]?.startsWith("(") !== true || words.at(-1)?.endsWith(")") !== true) return invalid();
  words[0] = words[0].slice(1);
  words.push(words.pop()!.slice(0, -1));
  const [first, operator, value, ...rest] = words.filter(
    (word, at) => word !== "" || (at > 0 && at < words.length - 1),
  );
  if (first === undefined || rest.length > 0) return invalid();
  const test = /^(!?)-([fdex])$/.exec(first);
  if (test !== null) {
    if (operator === undefined || value !== undefined) return invalid();
    const key = { f: "file", d: "directory", e: "exists", x: "executable" }[test[2] as "f" | "d" | "e" | "x"];
    return compact({ [key]: t.template(directive, operator), not: test[1] === "!" || undefined });
  }
  if (!first.startsWith("$") || first.length < 2) return invalid();
  const looked = { value: t.template(directive, first) };
  if (operator === undefined) return looked;
  if (operator === "=" || operator === "!=")
    return compact({ ...looked, equals: t.template(directive, value ?? ""), not: operator === "!=" || undefined });
  if (!/^!?~\*?$/.test(operator) || value === undefined) return invalid();
  const pattern = t.pattern(directive, value);
  if (pattern === null) return null;
  return compact({
    ...looked,
    matches: pattern.source,
    ignore_case: operator.endsWith("*") || pattern.ignoreCase || undefined,
    not: operator.startsWith("!") || undefined,
  });
}

/** A `return` as a rule. */
function returnRule(directive: Directive, t: Translation): Plain {
  t.ledger.claim(directive);
  const [first, text] = textsOf(directive);
  if (text === undefined && !/^\d+$/.test(first!)) return { return: 302, to: t.template(directive, first!) };
  const status = Number(first);
  if (isBodiless(status)) return { return: status };
  if (text === undefined) return status >= 400 ? { return: status } : { return: status, body: "" };
  if ([301, 302, 303, 307, 308].includes(status)) return { return: status, to: t.template(directive, text) };
  return { return: status, body: t.template(directive, text) };
}

/** Answers, whatever routes earlier rules have chosen. */
function always(answer: Plain): Plain {
  return { when: { value: "1" }, rules: [{ break: true }], route: answer };
}

function hasBody(answer: Plain): boolean {
  return (answer["respond"] as Plain | undefined)?.["body"] !== undefined;
}

function canBreak(rule: Plain): boolean {
  if (rule["break"] === true || rule["flag"] === "break") return true;
  return Array.isArray(rule["rules"]) && rule["rules"].some((inner) => canBreak(inner as Plain));
}
