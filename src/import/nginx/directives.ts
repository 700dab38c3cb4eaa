import { didYouMean } from "../../base/did-you-mean.ts";
import { DIRECTIVE_TABLE, FOREIGN_BEGINNINGS } from "./directive-table.ts";

/** M main, E events, H http, S server, L location, U upstream, I `if` in a server, J `if` in a location, X limit_except. */
export type Context = "M" | "E" | "H" | "S" | "L" | "U" | "I" | "J" | "X";

interface Form {
  readonly contexts: string;
  /** `12`, `1+`, `flag` or `any`. */
  readonly arguments: string;
  readonly block: boolean;
  readonly once: boolean;
}

/** What opens a block of entries that are no directives. */
export const TABLE_BLOCKS: ReadonlySet<string> = new Set(["types", "map", "geo", "split_clients", "charset_map"]);
/** What opens a block that nothing here looks into. */
export const CLOSED_BLOCKS: ReadonlySet<string> = new Set(["mail", "stream", "match"]);

/** Whether NGINX or one of the modules that people build it with has a directive of this name. */
export function isKnown(name: string): boolean {
  return FORMS.has(name) || isForeign(name);
}

/** A directive of a module that is not part of NGINX's own source. */
export function isForeign(name: string): boolean {
  return !FORMS.has(name) && FOREIGN.test(name);
}

export function mayStandIn(name: string, context: Context): boolean {
  return name === "include" || (FORMS.get(name)?.some((form) => form.contexts.includes(context)) ?? true);
}

/**
 * What NGINX would say of a directive, in its words; null when nothing is wrong. `opened`: a `{` follows its arguments.
 */
export function complaint(name: string, args: readonly string[], opened: boolean, context: Context): string | null {
  if (name === "include") return args.length === 1 ? null : `invalid number of arguments in "include" directive`;
  const forms = FORMS.get(name);
  if (forms === undefined) return isForeign(name) ? null : `unknown directive "${name}"`;
  const form = forms.find((candidate) => candidate.contexts.includes(context));
  if (form === undefined) return `"${name}" directive is not allowed here`;
  if (form.block && !opened) return `directive "${name}" has no opening "{"`;
  if (!form.block && opened) return `directive "${name}" is not terminated by ";"`;
  if (!fits(form.arguments, args.length)) return `invalid number of arguments in "${name}" directive`;
  if (form.arguments === "flag" && !/^(?:on|off|.*[${].*)$/i.test(args[0]!))
    return `invalid value "${args[0]}" in "${name}" directive, it must be "on" or "off"`;
  return null;
}

/** Whether NGINX refuses a second one at the same level. */
export function isOnce(name: string, context: Context): boolean {
  return ONCE.has(name) || (FORMS.get(name)?.some((form) => form.once && form.contexts.includes(context)) ?? false);
}

export function suggestion(name: string): string | undefined {
  return didYouMean(name, FORMS.keys());
}

// --- internal ---

const ONCE: ReadonlySet<string> = new Set(
  "alias client_max_body_size expires keepalive_timeout proxy_pass root try_files user worker_processes".split(" "),
);

const FOREIGN = new RegExp(`^(?:${FOREIGN_BEGINNINGS.trim().split(/\s+/).join("|")})(?:_|$)`);

const FORMS: ReadonlyMap<string, readonly Form[]> = parseTable(DIRECTIVE_TABLE);

function parseTable(table: string): Map<string, Form[]> {
  const forms = new Map<string, Form[]>();
  let form: Form | null = null;
  for (const line of table.split("\n")) {
    const head = /^([A-Z]+) (\S+?)( block)?( once)?:$/.exec(line);
    if (head !== null)
      form = { contexts: head[1]!, arguments: head[2]!, block: head[3] !== undefined, once: head[4] !== undefined };
    else if (form !== null)
      for (const name of line.trim().split(" ")) if (name !== "") forms.set(name, [...(forms.get(name) ?? []), form]);
  }
  return forms;
}

function fits(wanted: string, count: number): boolean {
  if (wanted === "any") return true;
  if (wanted === "flag") return count === 1;
  return wanted.endsWith("+") ? count >= Number(wanted[0]) : wanted.includes(String(count));
}
