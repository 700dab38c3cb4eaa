import type { RouteConfig, RuleConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { mediaType } from "../http/media-type.ts";
import { mergeSlashes } from "../http/path.ts";
import { ResponseHead } from "../http/response-head.ts";
import { escapeReference } from "../template/escape.ts";
import { compilePattern } from "../template/pattern.ts";
import { setCaptures, stateOf } from "../template/request-state.ts";
import type { CompiledTemplate, Encoding } from "../template/template.ts";
import { type Condition, type ConditionParts, compileCondition } from "./condition.ts";
import { absoluteLocation, redirect } from "./location.ts";
import type { Route, RuleProgram, RuleResult } from "./route.ts";

export interface RuleParts extends ConditionParts {
  readonly encode: (text: string, encoding: Encoding) => CompiledTemplate;
  readonly url: (text: string) => CompiledTemplate;
  readonly makeRoute: (config: RouteConfig) => Route;
}

/** NGINX's rewrite phase (ngx_http_rewrite_module) compiled; null where there are no rules. */
export function compileRules(rules: readonly RuleConfig[], parts: RuleParts): RuleProgram | null {
  if (rules.length === 0) return null;
  const run = compileList(rules, parts);
  return (exchange) => {
    const result: RuleResult = { answered: false, changed: false, route: null };
    run(exchange, result);
    return result;
  };
}

// --- internal ---

/** Runs a rule; false: no further one is run. */
type Step = (exchange: Exchange, result: RuleResult) => boolean;

function compileList(rules: readonly RuleConfig[], parts: RuleParts): Step {
  const steps = rules.map((rule) => compileRule(rule, parts));
  return (exchange, result) => {
    for (const step of steps) if (!step(exchange, result)) return false;
    return true;
  };
}

function compileRule(rule: RuleConfig, parts: RuleParts): Step {
  switch (rule.kind) {
    case "rewrite":
      return compileRewrite(rule, parts);
    case "set":
      return compileSet(rule.name, parts.compile(rule.value));
    case "when":
      return compileWhen(compileCondition(rule.condition, parts), rule, parts);
    case "return":
      return compileReturn(rule.status, rule.text, parts);
    case "break":
      return (_exchange, result) => {
        result.changed = false;
        return false;
      };
  }
}

function compileSet(name: string, value: CompiledTemplate): Step {
  if (name === "args")
    return (exchange) => {
      exchange.query = value.evaluate(exchange);
      exchange.rewritten = true;
      return true;
    };
  return (exchange) => {
    const text = value.evaluate(exchange);
    stateOf(exchange).variables.set(name, text);
    return true;
  };
}

function compileWhen(condition: Condition, rule: Extract<RuleConfig, { kind: "when" }>, parts: RuleParts): Step {
  const run = compileList(rule.rules, parts);
  const route = rule.route === null ? null : parts.makeRoute(rule.route);
  return (exchange, result) => {
    if (!condition(exchange)) return true;
    if (route !== null) result.route = route;
    return run(exchange, result);
  };
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function compileReturn(status: number, text: string | null, parts: RuleParts): Step {
  if (REDIRECTS.has(status)) {
    const to = parts.url(text ?? "");
    return answers((exchange) => redirect(exchange, status, absoluteLocation(exchange, to.evaluate(exchange))));
  }
  if (status >= 400 && (text ?? "") === "") return answers((exchange) => exchange.fail(status, ""));
  const body = parts.compile(text ?? "");
  return answers((exchange) => {
    const type = mediaType(exchange.path, PLAIN);
    const content = Buffer.from(body.constant ?? body.evaluate(exchange), "latin1");
    exchange.respond(new ResponseHead(status, [["Content-Type", type]]), content);
  });
}

/** By the path's extension, as NGINX chooses it; else plain text. */
const PLAIN = { types: {}, defaultType: "text/plain", charset: null };

function answers(answer: (exchange: Exchange) => void): Step {
  return (exchange, result) => {
    result.answered = true;
    answer(exchange);
    return false;
  };
}

function compileRewrite(rule: Extract<RuleConfig, { kind: "rewrite" }>, parts: RuleParts): Step {
  const pattern = compilePattern(rule.pattern, rule.ignoreCase);
  const leavesSite = /^(?:https?:\/\/|\{scheme\})/.test(rule.to);
  const status = rule.flag === "permanent" ? 301 : rule.flag === "redirect" || leavesSite ? 302 : 0;
  const keepsQuery = !rule.to.endsWith("?");
  const to = keepsQuery ? rule.to : rule.to.slice(0, -1);
  const mark = to.indexOf("?");
  const writesQuery = mark >= 0;
  const newQuery = writesQuery ? parts.encode(to.slice(mark + 1), "argument") : null;
  const query = (exchange: Exchange): string => {
    const own = newQuery === null ? "" : newQuery.evaluate(exchange);
    if (!keepsQuery || exchange.query === "") return own;
    return writesQuery ? `${own}&${exchange.query}` : exchange.query;
  };
  const before = writesQuery ? to.slice(0, mark) : to;
  if (status !== 0) {
    const path = parts.url(before);
    return (exchange, result) => {
      if (!matches(pattern, exchange)) return true;
      const end = query(exchange);
      const location = `${path.evaluate(exchange)}${end === "" ? "" : `?${escapeReference(end)}`}`;
      result.answered = true;
      redirect(exchange, status, absoluteLocation(exchange, location));
      return false;
    };
  }
  const path = parts.compile(before);
  return (exchange, result) => {
    if (!matches(pattern, exchange)) return true;
    const next = path.evaluate(exchange);
    exchange.query = query(exchange);
    exchange.path = next;
    exchange.rewritten = true;
    stateOf(exchange).internal = true;
    if (next === "") {
      result.answered = true;
      exchange.fail(500, "The rewritten path is empty");
      return false;
    }
    result.changed = rule.flag !== "break";
    return rule.flag === "continue";
  };
}

function matches(pattern: RegExp, exchange: Exchange): boolean {
  const match = pattern.exec(mergeSlashes(exchange.path));
  if (match === null) return false;
  setCaptures(exchange, match);
  return true;
}
