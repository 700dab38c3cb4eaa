import type { Template } from "./template-model.ts";

/** Something that holds for a request or does not. */
export type ConditionConfig = { readonly not: boolean } /** Neither empty nor `0`. */ & (
  | { readonly kind: "true"; readonly value: Template }
  | { readonly kind: "equals"; readonly value: Template; readonly to: Template }
  | { readonly kind: "matches"; readonly value: Template; readonly pattern: string; readonly ignoreCase: boolean }
  | { readonly kind: "file" | "directory" | "exists" | "executable"; readonly path: Template }
  /** The client's address is in one of these ranges. */
  | { readonly kind: "client"; readonly ranges: readonly string[] }
);
