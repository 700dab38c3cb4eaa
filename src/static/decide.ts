import { chooseCoding } from "../http/accept-encoding.ts";
import { evaluatePreconditions, rangeApplies } from "../http/conditional.ts";
import { type ByteRange, evaluateRange } from "../http/range.ts";
import type { Found } from "./cache.ts";
import type { Representation } from "./representation.ts";
import type { Wishes } from "./wishes.ts";

/** How a GET or HEAD of an existing file is to be answered. */
export type Decision =
  | { readonly kind: "whole" }
  | { readonly kind: "not-modified" }
  | { readonly kind: "precondition-failed" }
  | { readonly kind: "range-not-satisfiable" }
  | { readonly kind: "part"; readonly range: ByteRange }
  | { readonly kind: "parts"; readonly ranges: readonly ByteRange[] };

/** The order of RFC 9110 §13.2.2; Range is for GET alone (§14.2). */
export function decide(method: string, wishes: Wishes, form: Representation): Decision {
  const { special } = wishes;
  if (special === null) return WHOLE;
  const verdict = evaluatePreconditions(special, form);
  if (verdict === "not-modified") return NOT_MODIFIED;
  if (verdict === "failed") return FAILED;
  if (special.range === undefined || method !== "GET" || !rangeApplies(special.ifRange, form)) return WHOLE;
  const outcome = evaluateRange(special.range, form.size);
  if (outcome.kind === "unsatisfiable") return { kind: "range-not-satisfiable" };
  if (outcome.kind === "whole") return WHOLE;
  const [first, ...others] = outcome.ranges;
  return others.length === 0 ? { kind: "part", range: first } : { kind: "parts", ranges: outcome.ranges };
}

/** The form that suits the client best: the welcomest coding, the smallest among equals. */
export function chooseForm(found: Found, wishes: Wishes): Representation {
  if (found.variants.length === 0) return found.plain;
  const coding = chooseCoding(wishes.weights, found.codings);
  return coding === null ? found.plain : found.variants[found.codings.indexOf(coding)]!;
}

const WHOLE: Decision = { kind: "whole" };
const NOT_MODIFIED: Decision = { kind: "not-modified" };
const FAILED: Decision = { kind: "precondition-failed" };
