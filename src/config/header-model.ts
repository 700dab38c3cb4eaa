import type { Template } from "./template-model.ts";

/** One change to the fields of a request or response. */
export interface HeaderRuleConfig {
  /** `set` replaces (a request header set to nothing is removed), `add` adds a further field, `default` sets what is missing. */
  readonly operation: "set" | "add" | "default" | "remove";
  readonly name: string;
  /** Empty for `remove`. */
  readonly value: Template;
  /** Response only: also on errors; else on 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308 (NGINX's `add_header` without `always`). */
  readonly always: boolean;
  /** Response only: over TLS alone. */
  readonly secureOnly?: boolean;
}
