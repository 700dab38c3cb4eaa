import type { Place } from "../../base/errors.ts";
import type { Context } from "./directives.ts";
import type { Word } from "./tokens.ts";

/** A directive as it stands in a file, with what its block holds; includes are replaced by what they read. */
export interface Directive {
  readonly name: string;
  readonly args: readonly Word[];
  readonly place: Place;
  /** null: ended by a semicolon. */
  readonly block: readonly Directive[] | null;
  /** From our own copy of the facts in a file that every NGINX brings along (`uwsgi_params`): no line of a report. */
  readonly builtIn: boolean;
  /** What is known already of its fate, for what the reader can't use: an include without a file, a template's control tag. */
  readonly fate: {
    readonly verdict: "mapped" | "approximated" | "ignored" | "needs-a-decision";
    readonly note: string;
  } | null;
}

/** A configuration with its includes, as it was read. */
export interface Parsed {
  readonly directives: readonly Directive[];
  /** The context of the outermost directives: M for a whole nginx.conf, H, S or L for fragments of it. */
  readonly context: Context;
  /** Paths and texts of what was read, the main file first. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** The first argument's text, or empty. */
export function firstOf(directive: Directive): string {
  return directive.args[0]?.text ?? "";
}

export function textsOf(directive: Directive): string[] {
  return directive.args.map((word) => word.text);
}
