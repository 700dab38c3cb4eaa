import type { LogEscape, LogFormatConfig } from "../config/log-model.ts";
import { NUMERIC_VARIABLES } from "../config/log-variables.ts";
import { parseTemplate } from "../config/template.ts";
import type { Client, Exchange } from "../http/exchange.ts";
import { countOnConnection } from "../template/connection-count.ts";
import type { TemplateCompiler } from "../template/template.ts";
import { escapeControls, escapeForLog, escapeJsonText } from "./escape-bytes.ts";
import type { Ending, LogFormat } from "./line.ts";
import { type LogField, logField } from "./log-fields.ts";
import { RefusedExchange } from "./refused-exchange.ts";

/** A format of the configuration's own: compiled once, a line is a walk through its parts. */
export class TextFormat implements LogFormat {
  readonly #parts: readonly (string | LogField)[];
  readonly #counts: boolean;
  readonly #ending: Ending = { status: 0, bytes: 0, now: 0, refused: null };

  constructor(config: Extract<LogFormatConfig, { kind: "text" | "fields" }>, templates: TemplateCompiler) {
    this.#parts = joined(
      config.kind === "text" ? textParts(config.text, config.escape, templates) : objectParts(config.fields, templates),
    );
    this.#counts = /\{connection(?:_requests)?\}/.test(JSON.stringify(config));
  }

  exchange(exchange: Exchange, status: number, bytes: number): string {
    const ending = this.#ending;
    ending.status = status;
    ending.bytes = bytes;
    ending.refused = null;
    return this.#line(exchange, ending);
  }

  refused(client: Client, status: number, reason: string, line: string): string {
    const ending = this.#ending;
    ending.status = status;
    ending.bytes = 0;
    ending.refused = { reason, line };
    return this.#line(new RefusedExchange(client), ending);
  }

  #line(exchange: Exchange, ending: Ending): string {
    ending.now = Date.now();
    if (this.#counts) countOnConnection(exchange);
    let text = "";
    for (const part of this.#parts) text += typeof part === "string" ? part : part(exchange, ending);
    return text;
  }
}

// --- internal ---

type Parts = readonly (string | LogField)[];

const ESCAPES: Readonly<Record<LogEscape, (text: string) => string>> = {
  default: escapeForLog,
  json: escapeJsonText,
  none: escapeControls,
};

function textParts(text: string, how: LogEscape, templates: TemplateCompiler): Parts {
  const parts = parseTemplate(text).map((part) =>
    part.kind === "text" ? Buffer.from(part.text).latin1Slice() : escaped(part.name, ESCAPES[how], templates),
  );
  return [...parts, "\n"];
}

function objectParts(fields: readonly (readonly [string, string])[], templates: TemplateCompiler): Parts {
  const parts = fields.flatMap(([key, value], index): Parts => {
    const name = `${index === 0 ? "{" : ","}"${escapeJsonText(Buffer.from(key).latin1Slice())}":`;
    const [only, ...others] = parseTemplate(value);
    if (only?.kind === "variable" && others.length === 0 && NUMERIC_VARIABLES.has(only.name)) {
      const number = fieldOf(only.name, templates);
      return [name, (exchange, ending) => number(exchange, ending) || "null"];
    }
    const inside = parseTemplate(value).map((part) =>
      part.kind === "text"
        ? escapeJsonText(Buffer.from(part.text).latin1Slice())
        : escaped(part.name, escapeJsonText, templates),
    );
    return [name, '"', ...inside, '"'];
  });
  return fields.length === 0 ? ["{}\n"] : [...parts, "}\n"];
}

/** Numbers need no escaping. */
function escaped(name: string, how: (text: string) => string, templates: TemplateCompiler): LogField {
  const field = fieldOf(name, templates);
  // NGINX writes a dash for what a request has not; `is_args` it always has.
  if ((how !== escapeForLog && NUMERIC_VARIABLES.has(name)) || name === "is_args") return field;
  // The same text as last time: most values that come again are header fields.
  if (!name.startsWith("http_")) return (exchange, ending) => how(field(exchange, ending));
  let last = "";
  let result = how("");
  return (exchange, ending) => {
    const value = field(exchange, ending);
    if (value === last) return result;
    result = how(value);
    last = value;
    return result;
  };
}

function fieldOf(name: string, templates: TemplateCompiler): LogField {
  const own = logField(name);
  if (own !== null) return own;
  const { evaluate } = templates.compile(`{${name}}`);
  return (exchange) => evaluate(exchange);
}

/** Texts that stand beside each other as one. */
function joined(parts: Parts): Parts {
  const result: (string | LogField)[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === "string" && typeof last === "string") result[result.length - 1] = last + part;
    else result.push(part);
  }
  return result;
}
