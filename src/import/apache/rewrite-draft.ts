import type { Place } from "../../base/errors.ts";
import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { ApacheNode } from "./parse.ts";

/** A `RewriteCond` or `RewriteRule` as it stands. */
export interface RewriteLine {
  readonly kind: "condition" | "rule";
  readonly args: readonly string[];
  readonly place: Place;
  readonly name: string;
}

/** What a server, a virtual host or a `<Directory>` says to mod_rewrite. */
export interface RewriteDraft {
  /** null: nothing; else whether the rules count. */
  engine: boolean | null;
  /** RewriteBase. */
  base: string | null;
  /** Where the rules of the server come in at a virtual host that wants them. */
  inherits: "before" | "after" | null;
  readonly lines: RewriteLine[];
}

export function newRewrite(): RewriteDraft {
  return { engine: null, base: null, inherits: null, lines: [] };
}

/** Takes in a directive of mod_rewrite that may stand at every level; null: it is none. What becomes of a rule is said later. */
export function readRewrite({ key, args, place, name }: ApacheNode, draft: RewriteDraft): Outcome | null {
  const [first = ""] = args;
  switch (key) {
    case "rewriteengine":
      draft.engine = /^on$/i.test(first);
      return mapped();
    case "rewritecond":
      draft.lines.push({ kind: "condition", args, place, name });
      return mapped("see the rule that it stands before");
    case "rewriterule":
      draft.lines.push({ kind: "rule", args, place, name });
      return args.length < 2 ? undecided("it needs a pattern and a substitution") : mapped();
    case "rewritebase":
      draft.base = first;
      return mapped();
    case "rewriteoptions":
      if (/^inherit(?:before)?$/i.test(first)) {
        draft.inherits = /before$/i.test(first) ? "before" : "after";
        return mapped("the rules of the server hold for the virtual host too");
      }
      return approximated("rules of the server are taken over by Inherit and InheritBefore alone");
    default:
      return null;
  }
}
