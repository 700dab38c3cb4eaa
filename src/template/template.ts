import { didYouMean } from "../base/did-you-mean.ts";
import { PropylonError } from "../base/errors.ts";
import { REQUEST_VARIABLES } from "../config/request-variables.ts";
import type { VariableConfig } from "../config/route-model.ts";
import { parseTemplate } from "../config/template.ts";
import type { Template } from "../config/template-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { mergeSlashes } from "../http/path.ts";
import { escapeArgument, escapeReference, escapeUri } from "./escape.ts";
import { compileLookup } from "./lookup.ts";
import { knownState } from "./request-state.ts";
import { DECODED, requestVariable, type Variable } from "./request-variables.ts";

/** Text of the configuration with variables of the request in it, ready to be used. All of it latin-1, one character a byte. */
export interface CompiledTemplate {
  /** The text, where no variable stands in it; else null. */
  readonly constant: string | null;
  evaluate(exchange: Exchange): string;
}

/** What variables mean at the place where a template stands. */
export interface TemplateScope {
  /** `{document_root}`; null: there is none, and it is empty. */
  readonly root: Template | null;
  /** What the path loses at its front before it is looked up there, for `{request_filename}`. */
  readonly strip: string;
  /** The address that a proxy leads to, as it is written, for `{proxy_host}` and `{proxy_port}`; absent: no proxy answers. */
  readonly proxy?: {
    readonly name: Template;
    split(written: string): { readonly host: string; readonly port: string };
  };
  /** Of a FastCGI proxy, for `{fastcgi_script_name}` and `{fastcgi_path_info}`; absent: all of the path names it. */
  readonly script?: ScriptSplit;
}

/** What of a path names a script, and what follows it. */
export type ScriptSplit = (path: string) => { readonly name: string; readonly info: string };

/** How values are written: as they are, or for a part of a URI. */
export type Encoding = "none" | "uri" | "argument";

/** Names of variables that rules set, and of groups that patterns capture. */
export interface GivenNames {
  readonly set: ReadonlySet<string>;
  readonly captured: ReadonlySet<string>;
}

/** Figures of the whole instance by the names that templates have for them, looked at when they are asked for. */
export type Figures = ReadonlyMap<string, () => number>;

/** Compiles the templates of one configuration. */
export class TemplateCompiler {
  readonly #lookups = new Map<string, Variable>();
  readonly #given: GivenNames;
  readonly #figures: Figures;

  constructor(
    variables: Readonly<Record<string, VariableConfig>> = {},
    given: GivenNames = NONE_GIVEN,
    figures: Figures = new Map(),
  ) {
    this.#given = given;
    this.#figures = figures;
    // By name first, so that one may use another.
    const compiled = new Map<string, Variable>();
    for (const name of Object.keys(variables))
      this.#lookups.set(name, (exchange) => compiled.get(name)?.(exchange) ?? "");
    for (const [name, config] of Object.entries(variables))
      compiled.set(name, guarded(compileLookup(config, (text) => this.compile(text))));
  }

  /** Throws a PropylonError for a variable that does not exist. */
  compile(text: Template, scope: TemplateScope | null = null, encoding: Encoding = "none"): CompiledTemplate {
    const parts = parseTemplate(text).map((part) =>
      part.kind === "text" ? Buffer.from(part.text).latin1Slice() : this.#variable(part.name, text, scope, encoding),
    );
    return joinParts(parts);
  }

  /**
   * For a Location or another URI: decoded paths and captures are percent-encoded, everything else is kept from holding what
   * a URI can't (space, controls, bytes beyond ASCII).
   */
  url(text: Template, scope: TemplateScope | null = null): CompiledTemplate {
    const plain = this.compile(text, scope, "uri");
    if (plain.constant !== null) return joinParts([escapeReference(plain.constant)]);
    return { constant: null, evaluate: (exchange) => escapeReference(plain.evaluate(exchange)) };
  }

  #variable(name: string, text: string, scope: TemplateScope | null, encoding: Encoding): Variable {
    if (/^\d+$/.test(name)) return encoded(capture(Number(name)), encoding);
    if (name === "fastcgi_script_name" || name === "fastcgi_path_info") {
      const split = scope?.script ?? WHOLE_PATH;
      const key = name === "fastcgi_script_name" ? "name" : "info";
      return encoded((exchange) => split(mergeSlashes(exchange.path))[key], encoding);
    }
    const root = scope?.root ?? null;
    if (name === "document_root" && root !== null) return evaluator(this.compile(root, null, encoding));
    if (name === "request_filename" && root !== null) return encoded(this.#filename(root, scope!.strip), encoding);
    if ((name === "proxy_host" || name === "proxy_port") && scope?.proxy !== undefined) {
      const { name: written, split } = scope.proxy;
      const address = this.compile(written);
      const key = name === "proxy_host" ? "host" : "port";
      return (exchange) => split(address.evaluate(exchange))[key];
    }
    const lookup = this.#lookups.get(name);
    if (lookup !== undefined) return lookup;
    const own = requestVariable(name);
    if (own !== null) return DECODED.has(name) ? encoded(own, encoding) : own;
    const figure = this.#figures.get(name);
    if (figure !== undefined) return () => String(figure());
    const { set, captured } = this.#given;
    // What a rule set may be a whole URI; what a pattern captured is a piece of the decoded path.
    if (set.has(name)) return variable(name);
    if (captured.has(name)) return encoded(variable(name), encoding);
    throw new PropylonError("user", `"${text}" holds the unknown variable {${name}}`, {
      remedy:
        didYouMean(name, [...set, ...captured, ...this.#lookups.keys(), ...REQUEST_VARIABLES]) ??
        `write {{${name}}} for the text {${name}}`,
    });
  }

  #filename(folder: Template, stripped: string): Variable {
    const root = this.compile(folder);
    const strip = Buffer.from(stripped).latin1Slice();
    return (exchange) => {
      const rest = exchange.path.startsWith(strip) ? exchange.path.slice(strip.length) : exchange.path;
      return root.evaluate(exchange) + (rest.startsWith("/") || rest === "" ? rest : `/${rest}`);
    };
  }
}

/** A template of the request's own variables and captures alone. Throws a PropylonError for another variable. */
export function compileTemplate(text: Template): CompiledTemplate {
  return PLAIN.compile(text);
}

// --- internal ---

const WHOLE_PATH: ScriptSplit = (path) => ({ name: path, info: "" });
const NONE_GIVEN: GivenNames = { set: new Set(), captured: new Set() };

function joinParts(parts: readonly (string | Variable)[]): CompiledTemplate {
  const [first] = parts;
  if (parts.every((part) => typeof part === "string")) {
    const constant = parts.join("");
    return { constant, evaluate: () => constant };
  }
  if (parts.length === 1) return { constant: null, evaluate: first as Variable };
  return {
    constant: null,
    evaluate: (exchange) => {
      let text = "";
      for (const part of parts) text += typeof part === "string" ? part : part(exchange);
      return text;
    },
  };
}

function evaluator(template: CompiledTemplate): Variable {
  return (exchange) => template.evaluate(exchange);
}

function capture(index: number): Variable {
  return (exchange) => knownState(exchange)?.captures[index] ?? "";
}

function variable(name: string): Variable {
  return (exchange) => knownState(exchange)?.variables.get(name) ?? "";
}

function encoded(value: Variable, encoding: Encoding): Variable {
  if (encoding === "none") return value;
  if (encoding === "uri") return (exchange) => escapeUri(value(exchange));
  // NGINX's rule: what came without `%` and `+` goes on as it came.
  return (exchange) => (/[%+]/.test(pathOf(exchange.target)) ? escapeArgument(value(exchange)) : value(exchange));
}

function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

/** A look-up that needs its own value gets nothing. */
function guarded(lookup: Variable): Variable {
  let busy = false;
  return (exchange) => {
    if (busy) return "";
    busy = true;
    try {
      return lookup(exchange);
    } finally {
      busy = false;
    }
  };
}

const PLAIN = new TemplateCompiler();
