import type { CacheConfig } from "../config/route-model.ts";
import type { ResponseBody } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { judgedFields } from "./accel-expiry.ts";
import { Entry, type EntryParts } from "./entry.ts";
import { type Fields, firstOf, listOf, without } from "./fields.ts";
import { initialAge } from "./freshness.ts";
import { judge, type KeepingRules } from "./storable.ts";
import { dateOf, storedFields, updatedFields } from "./stored-fields.ts";
import { INVARIANT, type Variant, variantOf } from "./vary.ts";

/** What an answer was asked for with. */
export interface AnswerContext {
  readonly key: string;
  readonly url: string;
  /** Of the request, as the client sent them. */
  readonly headers: RequestHeaders;
  readonly rules: KeepingRules & Pick<CacheConfig, "maxEntry">;
  /** `performance.now()` of the answer and of the request. */
  readonly now: number;
  readonly asked: number;
}

/** What an answer is stored as, the content of a stream to come; or, in a few words, why it is not. */
export function entryOf(head: ResponseHead, body: ResponseBody, context: AnswerContext): EntryParts | string {
  const { key, url, headers, rules, now, asked } = context;
  if (body !== null && !Buffer.isBuffer(body) && body.kind === "file") return "it is a file";
  if (body !== null && body.length > rules.maxEntry) return "it is too large";
  const received = Date.now();
  const date = dateOf(head.headers);
  const authorised = headers.names.includes("authorization");
  const terms = judge({ status: head.status, fields: judgedFields(head), authorised, date: date ?? received }, rules);
  if (typeof terms === "string") return terms;
  return {
    key,
    url,
    variant: variantFor(head.headers, headers, rules),
    status: head.status,
    reason: head.reason,
    fields: storedFields(head.headers, received),
    content: Buffer.isBuffer(body) ? owned(body) : null,
    terms,
    initialAge: initialAge(date, firstOf(head.headers, "age"), { received, delay: now - asked }),
    received: now,
  };
}

/** Whether a 304 is about this stored answer (RFC 9111 §4.3.4); without an ETag it is about the one that was asked about. */
export function speaksOf(head: ResponseHead, stored: Entry): boolean {
  const etag = firstOf(head.headers, "etag");
  return etag === undefined || stored.etag === undefined || opaque(etag) === opaque(stored.etag);
}

/** The stored answer with the fields of a 304; `keeps`: it may go on being stored. */
export function freshened(
  stored: Entry,
  head: ResponseHead,
  { headers, rules, now, asked }: AnswerContext,
): { readonly entry: Entry; readonly keeps: boolean } {
  const received = Date.now();
  const date = dateOf(head.headers);
  const updated = updatedFields(stored.fields, head.headers);
  // The Date of the answer that is stored says nothing of when it was validated.
  const fields = date === null ? storedFields(without(updated, DATE), received) : updated;
  const authorised = headers.names.includes("authorization");
  const terms = judge(
    { status: stored.status, fields: judgedFields(head, fields), authorised, date: date ?? received },
    rules,
  );
  const entry = new Entry({
    ...stored,
    fields,
    variant: typeof terms === "string" ? stored.variant : variantFor(fields, headers, rules),
    terms: typeof terms === "string" ? stored.terms : terms,
    initialAge: initialAge(date, firstOf(head.headers, "age"), { received, delay: now - asked }),
    received: now,
  });
  return { entry, keeps: typeof terms !== "string" };
}

// --- internal ---

const DATE = new Set(["date"]);

/** What is judged storable does not vary by `*`. */
function variantFor(fields: Fields, headers: RequestHeaders, rules: KeepingRules): Variant {
  return variantOf(rules.ignore.includes("vary") ? undefined : listOf(fields, "vary"), headers) ?? INVARIANT;
}

function opaque(etag: string): string {
  return etag.startsWith("W/") ? etag.slice(2) : etag;
}

/** A copy in memory of its own: a body that came in one piece is a part of a larger read. */
function owned(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}
