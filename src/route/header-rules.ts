import type { HeaderRuleConfig } from "../config/header-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import { ResponseHead } from "../http/response-head.ts";
import type { CompiledTemplate } from "../template/template.ts";

type Compile = (text: string) => CompiledTemplate;
type Field = readonly [name: string, value: string];

interface Rule {
  readonly operation: HeaderRuleConfig["operation"];
  readonly name: string;
  readonly lower: string;
  readonly value: CompiledTemplate;
  readonly always: boolean;
  readonly secureOnly: boolean;
}

/** Changes to header fields. Copies are kept as long as the original is and the values stay the same, so that memos hold. */
abstract class HeaderRules<T extends object> {
  protected readonly rules: readonly Rule[];
  readonly #copies = new WeakMap<T, { readonly values: readonly string[]; readonly copy: T }>();
  /** The values where no request has a part in them: then a copy is found by its original alone. */
  readonly #fixed: readonly string[] | null;

  constructor(configs: readonly HeaderRuleConfig[], compile: Compile) {
    this.rules = configs.map(({ operation, name, value, always, secureOnly }) => ({
      operation,
      name,
      lower: name.toLowerCase(),
      value: compile(value),
      always,
      secureOnly: secureOnly === true,
    }));
    const constants = this.rules.map(({ value }) => value.constant);
    this.#fixed =
      !this.rules.some((rule) => rule.secureOnly) && constants.every((value) => value !== null)
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
      this.rules.map(({ value, secureOnly }) =>
        secureOnly && !exchange.client.secure ? "" : oneLine(value.evaluate(exchange)),
      )
    );
  }
}

/** Request fields as the handler sees them. */
export class RequestHeaderRules extends HeaderRules<RequestHeaders> {
  readonly #names = new Set(this.rules.map(({ lower }) => lower));

  apply(exchange: Exchange): void {
    const original = exchange.headers;
    const values = this.valuesFor(exchange);
    exchange.headers = this.copyOf(original, values, () => {
      let fields = original.names.map((name, i): Field => [name, original.values[i]!]);
      for (const [i, rule] of this.rules.entries()) fields = applyRule(fields, rule, rule.lower, values[i]!);
      return requestHeaders(fields, new Set([...original.decided, ...this.#names]));
    });
  }
}

/** Response fields as the client sees them. */
export class ResponseHeaderRules extends HeaderRules<ResponseHead> {
  apply(exchange: Exchange, head: ResponseHead): ResponseHead {
    const usual = USUAL.has(head.status);
    const values = this.valuesFor(exchange);
    return this.copyOf(head, values, () => {
      let fields = head.headers;
      for (const [i, rule] of this.rules.entries())
        if (usual || rule.always) fields = applyRule(fields, rule, rule.name, values[i]!);
      return new ResponseHead(head.status, fields, head.reason);
    });
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

function applyRule(fields: readonly Field[], rule: Rule, name: string, value: string): Field[] {
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
  }
}
