import type { ConditionConfig } from "./condition-model.ts";
import type { Template } from "./template-model.ts";

/** One change to the fields of a request or response. */
export interface HeaderRuleConfig {
  /**
   * `set` replaces (a request header set to nothing is removed), `add` adds a further field, `default` sets what is missing,
   * `edit` changes what `pattern` finds in each field of the name.
   */
  readonly operation: "set" | "add" | "default" | "remove" | "edit";
  readonly name: string;
  /** Empty for `remove`; with `edit` groups of the pattern may stand in it. */
  readonly value: Template;
  /** With `edit`: what is looked for, the first place or all. */
  readonly pattern?: { readonly source: string; readonly ignoreCase: boolean; readonly all: boolean };
  /** All have to hold. */
  readonly when?: readonly ConditionConfig[];
  /** Response only: also on errors; else on 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308 (NGINX's `add_header` without `always`). */
  readonly always: boolean;
  /** Response only, with `always`: not on error pages and redirects of our own. */
  readonly answersOnly?: boolean;
  /** Response only: over TLS alone. */
  readonly secureOnly?: boolean;
}
