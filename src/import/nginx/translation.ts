import path from "node:path";
import { PropylonError } from "../../base/errors.ts";
import type { ReadContext } from "../reading.ts";
import type { Context } from "./directives.ts";
import { Ledger } from "./ledger.ts";
import { type Pattern, toJavaScript } from "./pattern.ts";
import type { Directive } from "./tree.ts";
import { ownName, Variables } from "./variables.ts";

/** Begins the note of what NGINX does not start with. */
export const REFUSED = "NGINX refuses it";

/** What the parts of one translation share. */
export class Translation {
  readonly ledger: Ledger = new Ledger();
  /** What NGINX would not start with. */
  readonly problems: PropylonError[] = [];
  readonly variables: Variables;
  /** Names of the `*_cache` zones that some level uses, and where. */
  readonly cacheZones = new Map<string, Directive>();
  /** Addresses as they are written that some `listen` has TLS on: others of the same have it too. */
  readonly secureAddresses: ReadonlySet<string>;
  readonly machine: ReadContext;
  /** Where relative paths start, absolute. */
  readonly prefix: string;
  /** The folder of the main file, absolute. */
  readonly configurationFolder: string;
  /** M for a whole nginx.conf. */
  readonly context: Context;
  readonly #strict: boolean;
  readonly #upstreams: ReadonlySet<string>;
  /** The `root` in effect where a text stands, for `$document_root` and `$request_filename`; null: an alias, or no place. */
  #root: () => string | null = () => null;

  constructor(
    directives: readonly Directive[],
    machine: ReadContext,
    options: {
      readonly prefix: string;
      readonly configurationFolder: string;
      readonly context: Context;
      readonly strict: boolean;
    },
  ) {
    this.variables = new Variables(directives);
    this.secureAddresses = new Set(secureListens(directives));
    this.#upstreams = upstreamsIn(directives);
    this.machine = machine;
    this.prefix = options.prefix;
    this.configurationFolder = options.configurationFolder;
    this.context = options.context;
    this.#strict = options.strict;
  }

  get isWhole(): boolean {
    return this.context === "M";
  }

  /** A text with NGINX's variables as a template of propylon.yaml; what it can't keep is noted at `directive`. */
  template(directive: Directive, text: string): string {
    return text.replace(/\$\{(\w+)\}|\$(\w+)|\{\w+\}|\$/g, (found, braced?: string, plain?: string) => {
      if (found === "$") return "$";
      if (found.startsWith("{")) return `{${found}}`;
      // `$1st` is $1 and "st", `$name` goes on as far as it can.
      const digits = plain === undefined ? undefined : /^\d+/.exec(plain)?.[0];
      const name = braced ?? digits ?? plain!;
      const rest = digits === undefined ? "" : plain!.slice(digits.length);
      return this.#variable(directive, name, braced !== undefined) + rest;
    });
  }

  /** What an upstream is called here, which a template may have part of: a name is no text that the environment fills in. */
  upstream(written: string): string {
    return this.#upstreams.has(written) ? written.replace(/\$\{(\w+)\}/g, "$1") : written;
  }

  /** Runs `translate` for a level whose `root` (looked for where it is needed) is this. */
  withRoot<T>(root: () => string | null, translate: () => T): T {
    const outer = this.#root;
    this.#root = root;
    try {
      return translate();
    } finally {
      this.#root = outer;
    }
  }

  /** A regular expression, or null where it can't be had (which is noted at `directive`). */
  pattern(directive: Directive, pcre: string): Pattern | null {
    const pattern = toJavaScript(pcre);
    if ("kind" in pattern) {
      if (pattern.kind === "broken") {
        this.refuse(directive, `pcre2_compile() failed: ${pattern.what} in "${pcre}"`);
        return null;
      }
      this.ledger.claim(
        directive,
        "needs-a-decision",
        `the pattern ${pcre} can't be used: JavaScript has nothing for ${pattern.what}`,
      );
      return null;
    }
    for (const difference of pattern.differences) this.ledger.claim(directive, "approximated", difference);
    this.placeholders(directive, pcre);
    const source = pattern.source
      .replace(/\$\{(?!\w+\})/g, () => "$${")
      .replace(/\(\?<(path|query)>/g, (_, name: string) => `(?<${ownName(name)}>`);
    return { ...pattern, source };
  }

  /** An absolute path; says where a relative one leads. */
  path(directive: Directive | null, written: string): string {
    this.placeholders(directive, written);
    if (written.startsWith("/")) return written.replace(/^\/{2,}/, "/");
    if (written.startsWith("${")) return written;
    const resolved = path.join(this.prefix, written);
    if (directive !== null) this.ledger.claim(directive, "mapped", `${written} is ${resolved}`);
    return resolved;
  }

  /** The same for what NGINX looks up beside its configuration: includes, certificates. */
  configurationPath(directive: Directive, written: string): string {
    this.placeholders(directive, written);
    if (written.startsWith("/") || written.startsWith("${")) return written;
    const resolved = path.join(this.configurationFolder, written);
    this.ledger.claim(directive, "mapped", `${written} is ${resolved}`);
    return resolved;
  }

  /** Notes the placeholders of a template that stay in a text, for the environment to fill in. */
  placeholders(directive: Directive | null, text: string): void {
    if (directive === null) return;
    for (const [, name] of text.matchAll(/\$\{(\w+)\}/g))
      if (this.variables.meaning(name!).kind === "unknown")
        this.ledger.claim(directive, "mapped", placeholderNote(name!));
    const open = /\{\{.*?\}\}|<%.*?%>/.exec(text)?.[0];
    if (open !== undefined)
      this.ledger.claim(directive, "needs-a-decision", `${open} is part of a template: fill it in first`);
  }

  /** What NGINX would not start with: a problem when it is asked whether it would, else something to decide. */
  refuse(directive: Directive, message: string): void {
    if (this.#strict) this.problems.push(new PropylonError("user", message, { place: directive.place }));
    else this.ledger.claim(directive, "needs-a-decision", `${REFUSED}: ${message}`);
  }

  #variable(directive: Directive, name: string, braced: boolean): string {
    const meaning = this.variables.meaning(name);
    if (/^(?:document_root|realpath_root|request_filename)$/.test(name)) {
      const root = this.#root();
      if (root !== null) return name === "request_filename" ? `${root}{uri}` : root;
    }
    if (meaning.kind === "template") return meaning.text;
    if (meaning.kind === "without") {
      this.ledger.claim(directive, "needs-a-decision", meaning.note);
      return "";
    }
    if (braced || /^[A-Z][A-Z\d_]*$/.test(name)) {
      this.ledger.claim(directive, "mapped", placeholderNote(name));
      return `\${${name}}`;
    }
    if (this.isWhole) this.refuse(directive, `unknown "${name}" variable`);
    else if (name === "connection_upgrade")
      this.ledger.claim(directive, "approximated", `$${name} is set in another file; it is taken for the usual map`);
    else
      this.ledger.claim(
        directive,
        "needs-a-decision",
        `$${name} is set in another file and is left empty; give that file too`,
      );
    return "";
  }
}

function secureListens(directives: readonly Directive[]): string[] {
  return directives.flatMap(({ name, args, block }) => {
    if (name === "http" || name === "server") return secureListens(block ?? []);
    return name === "listen" && args.some(({ text }, at) => at > 0 && text === "ssl") ? [args[0]!.text] : [];
  });
}

function upstreamsIn(directives: readonly Directive[]): Set<string> {
  return new Set(
    directives.flatMap((directive) => [
      ...(directive.name === "upstream" ? [directive.args[0]?.text ?? ""] : []),
      ...upstreamsIn(directive.block ?? []),
    ]),
  );
}

function placeholderNote(name: string): string {
  return `the environment fills in \${${name}}, as envsubst does`;
}
