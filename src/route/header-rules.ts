import type { HeaderRuleConfig } from "../config/header-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import { ResponseHead } from "../http/response-head.ts";
import { compilePattern } from "../template/pattern.ts";
import { stateOf } from "../template/request-state.ts";
import type { CompiledTemplate } from "../template/template.ts";
import { type Condition, type ConditionParts, compileCondition } from "./condition.ts";

type Field = readonly [name: string, value: string];

interface Rule {
  readonly operation: HeaderRuleConfig["operation"];
  readonly name: string;
  readonly lower: string;
  readonly value: CompiledTemplate;
  readonly always: boolean;
  readonly answersOnly: boolean;
  readonly secureOnly: boolean;
  readonly conditions: readonly Condition[];
  /** With `edit`. */
  readonly pattern: RegExp | null;
}

/** Stands for the value of a rule whose conditions don't hold. */
const SKIPPED = "\0";

/** Changes to header fields. Copies are kept as long as the original is and the values stay the same, so that memos hold. */
abstract class HeaderRules<T extends object> {
  protected readonly rules: readonly Rule[];
  readonly #copies = new WeakMap<T, { readonly values: readonly string[]; readonly copy: T }>();
  /** The values where no request has a part in them: then a copy is found by its original alone. */
  readonly #fixed: readonly string[] | null;

  /** Edits look at the value that a field has at last, so they are made anew for each exchange. */
  protected readonly edits: readonly Rule[];

  constructor(configs: readonly HeaderRuleConfig[], parts: ConditionParts) {
    const rules = configs.map(({ operation, name, value, always, answersOnly, secureOnly, when, pattern }) => ({
      operation,
      name,
      lower: name.toLowerCase(),
      value: parts.compile(value),
      always,
      answersOnly: answersOnly === true,
      secureOnly: secureOnly === true,
      conditions: (when ?? []).map((condition) => compileCondition(condition, parts)),
      pattern:
        pattern === undefined
          ? null
          : new RegExp(
              compilePattern(pattern.source, pattern.ignoreCase),
              `${pattern.ignoreCase ? "i" : ""}${pattern.all ? "g" : ""}`,
            ),
    }));
    this.rules = rules.filter(({ operation }) => operation !== "edit");
    this.edits = rules.filter(({ operation }) => operation === "edit");
    const constants = this.rules.map(({ value }) => value.constant);
    this.#fixed =
      !this.rules.some((rule) => rule.secureOnly || rule.conditions.length > 0) &&
      constants.every((value) => value !== null)
        ? constants.map(oneLine)
        : null;
  }

  protected copyOf(original: T, values: readonly string[], make: () => T): T {
    const known = this.#copies.get(original);
    if (known !== undefined && (known.values === values || known.values.every((value, i) => value === values[i])))
      return known.copy;
    const copy = make();
    this.#copies.set(original, { values, copy });
    return copy;
  }

  protected valuesFor(exchange: Exchange): readonly string[] {
    return (
      this.#fixed ??
      this.rules.map(({ value, secureOnly, conditions }) =>
        !conditions.every((condition) => condition(exchange))
          ? SKIPPED
          : secureOnly && !exchange.client.secure
            ? ""
            : oneLine(value.evaluate(exchange)),
      )
    );
  }

  /** The fields with what the edits make of them, or the same list. */
  protected edited(exchange: Exchange, fields: readonly Field[], applies: (rule: Rule) => boolean): readonly Field[] {
    let result = fields;
    for (const rule of this.edits) {
      if (!applies(rule) || !result.some(([name]) => name.toLowerCase() === rule.lower)) continue;
      if (!rule.conditions.every((condition) => condition(exchange))) continue;
      result = result.map((field): Field => {
        const [name, value] = field;
        return name.toLowerCase() === rule.lower ? [name, oneLine(edit(exchange, rule, value))] : field;
      });
    }
    return result;
  }
}

/** Request fields as the handler sees them. */
export class RequestHeaderRules extends HeaderRules<RequestHeaders> {
  readonly #names = new Set(this.rules.map(({ lower }) => lower));

  apply(exchange: Exchange): void {
    const original = exchange.headers;
    const values = this.valuesFor(exchange);
    const changed = this.copyOf(original, values, () => {
      let fields = original.names.map((name, i): Field => [name, original.values[i]!]);
      for (const [i, rule] of this.rules.entries()) fields = applyRule(fields, rule, rule.lower, values[i]!);
      return requestHeaders(fields, new Set([...original.decided, ...this.#names]));
    });
    exchange.headers = changed;
    if (this.edits.length === 0) return;
    const before = changed.names.map((name, i): Field => [name, changed.values[i]!]);
    const after = this.edited(exchange, before, () => true);
    if (after !== before) exchange.headers = requestHeaders(after);
  }
}

/** Response fields as the client sees them. */
export class ResponseHeaderRules extends HeaderRules<ResponseHead> {
  /** `own`: it is an error page or redirect of our own. */
  apply(exchange: Exchange, head: ResponseHead, own = false): ResponseHead {
    const usual = USUAL.has(head.status);
    const applies = (rule: Rule): boolean => (rule.answersOnly ? !own : usual || rule.always);
    const values = this.valuesFor(exchange);
    const changed = this.copyOf(head, values, () => {
      let fields = head.headers;
      for (const [i, rule] of this.rules.entries())
        if (applies(rule)) fields = applyRule(fields, rule, rule.name, values[i]!);
      return new ResponseHead(head.status, fields, head.reason);
    });
    if (this.edits.length === 0) return changed;
    const fields = this.edited(exchange, changed.headers, applies);
    return fields === changed.headers ? changed : new ResponseHead(head.status, fields, head.reason);
  }
}

/** Headers from fields with lower-case names. `decided`: as `RequestHeaders` has it. */
export function requestHeaders(fields: readonly Field[], decided?: ReadonlySet<string>): RequestHeaders {
  const headers = new RequestHeaders(
    fields.map(([name, value]) => `${name}: ${value}`).join("\r\n"),
    fields.map(([name]) => name),
    fields.map(([, value]) => value),
  );
  if (decided !== undefined) headers.decided = decided;
  return headers;
}

/** A copy without these fields (lower-case names); the same object when it has none of them. */
export function withoutFields(headers: RequestHeaders, names: ReadonlySet<string>): RequestHeaders {
  if (!headers.names.some((name) => names.has(name))) return headers;
  return requestHeaders(
    headers.names.flatMap((name, i): Field[] => (names.has(name) ? [] : [[name, headers.values[i]!]])),
    headers.decided,
  );
}

// --- internal ---

// Values come from requests too: nothing in them may begin another line.
function oneLine(value: string): string {
  return value.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, " ").trim();
}

/** The statuses on which NGINX's `add_header` works without `always`. */
const USUAL = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

/** A field's value with what the rule found in it replaced. */
function edit(exchange: Exchange, { pattern, value }: Rule, text: string): string {
  const state = stateOf(exchange);
  const before = state.captures;
  let result = "";
  let end = 0;
  const found = pattern!.global ? text.matchAll(pattern!) : [pattern!.exec(text)];
  for (const match of found) {
    if (match === null) break;
    state.captures = match;
    result += text.slice(end, match.index) + value.evaluate(exchange);
    end = match.index + match[0].length;
  }
  state.captures = before;
  return result + text.slice(end);
}

function applyRule(fields: readonly Field[], rule: Rule, name: string, value: string): Field[] {
  if (value === SKIPPED) return [...fields];
  const others = (): Field[] => fields.filter(([one]) => one.toLowerCase() !== rule.lower);
  switch (rule.operation) {
    case "remove":
      return others();
    case "set":
      return value === "" ? others() : [...others(), [name, value]];
    case "add":
      return value === "" ? [...fields] : [...fields, [name, value]];
    case "default":
      return value === "" || fields.some(([one]) => one.toLowerCase() === rule.lower)
        ? [...fields]
        : [...fields, [name, value]];
    case "edit":
      return [...fields];
  }
}
