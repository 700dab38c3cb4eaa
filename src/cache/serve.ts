import type { Exchange } from "../http/exchange.ts";
import { joinMultipart, planMultipart } from "../http/multipart-ranges.ts";
import { contentRange } from "../http/range.ts";
import { ResponseHead } from "../http/response-head.ts";
import { isNotModified, partsOf } from "./conditions.ts";
import type { Entry } from "./entry.ts";
import { type Fields, firstOf } from "./fields.ts";
import type { Wishes } from "./wishes.ts";

/**
 * Answers with what is stored: the whole, the parts that are asked for, or that the client has it already. `more`: fields for this
 * client alone, with the whole.
 */
export function serve(
  exchange: Exchange,
  entry: Entry,
  wishes: Wishes,
  age: number,
  note: string,
  more: Fields = [],
): void {
  const { special } = wishes;
  const { content } = entry;
  if (special === null) return exchange.respond(entry.head(age, note, more), content);
  if (isNotModified(special, entry)) return exchange.respond(entry.notModified(age, note), null);
  // Range is for GET alone (RFC 9110 §14.2).
  const parts = exchange.method === "GET" && content !== null ? partsOf(special, entry, content.length) : null;
  if (parts === null || content === null) return exchange.respond(entry.head(age, note), content);
  if (parts === "none") {
    exchange.fail(416, "There is no such part", [["Content-Range", `bytes */${content.length}`]]);
    return;
  }
  const [first, ...others] = parts;
  if (others.length === 0) {
    const range = [["Content-Range", contentRange(first!, content.length)]] as const;
    exchange.respond(entry.headOf(206, age, note, range, LENGTH), content.subarray(first!.start, first!.end + 1));
    return;
  }
  const plan = planMultipart(
    parts,
    firstOf(entry.fields, "content-type") ?? "application/octet-stream",
    content.length,
  );
  const type = [["Content-Type", plan.type]] as const;
  exchange.respond(entry.headOf(206, age, note, type, TYPE), joinMultipart(plan, content));
}

/** An answer that is not stored, with what the cache has to say of it. */
export function withNote(head: ResponseHead, note: string): ResponseHead {
  return note === "" ? head : new ResponseHead(head.status, [...head.headers, ["Cache-Status", note]], head.reason);
}

// --- internal ---

const LENGTH = new Set(["content-length"]);
const TYPE = new Set(["content-length", "content-type"]);
