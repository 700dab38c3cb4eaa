import { parseHttpDate } from "../http/conditional.ts";
import { markLasting } from "../http/lasting.ts";
import { ResponseHead } from "../http/response-head.ts";
import { type Fields, firstOf } from "./fields.ts";
import { hitNote } from "./notes.ts";
import type { Terms } from "./storable.ts";
import type { Variant } from "./vary.ts";

/** What an entry is made of. */
export interface EntryParts {
  /** What it is found by, and the URL it was asked for by. */
  readonly key: string;
  readonly url: string;
  readonly variant: Variant;
  readonly status: number;
  readonly reason: string;
  /** As they are sent, without Age and Content-Length. */
  readonly fields: Fields;
  readonly content: Buffer | null;
  readonly terms: Terms;
  /** Milliseconds that it was old when it came, and `performance.now()` of that moment. */
  readonly initialAge: number;
  readonly received: number;
}

/** Objects, key and serialised head beside the fields and the content: estimated on the safe side, bytes. */
const OVERHEAD = 1000;

/** One stored answer. Immutable but for the head that it was last sent with. */
export class Entry {
  readonly key: string;
  readonly url: string;
  readonly variant: Variant;
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly content: Buffer | null;
  readonly terms: Terms;
  readonly initialAge: number;
  readonly received: number;
  /** As received, or undefined. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Of Last-Modified, else of Date: what If-Modified-Since is compared with (RFC 9111 §4.3.2). Seconds. */
  readonly modified: number;
  /** Memory that it takes, bytes. */
  readonly bytes: number;
  /** The head of the last hit. */
  #hit: ResponseHead | null = null;
  #hitAge = -1;
  #hitStatus = false;
  #notModified: Fields | null = null;

  constructor(parts: EntryParts) {
    const { key, url, fields, content, variant } = parts;
    this.key = key;
    this.url = url;
    this.variant = variant;
    this.status = parts.status;
    this.reason = parts.reason;
    this.fields = fields;
    this.content = content;
    this.terms = parts.terms;
    this.initialAge = parts.initialAge;
    this.received = parts.received;
    if (content !== null) markLasting(content);
    this.etag = firstOf(fields, "etag");
    this.lastModified = firstOf(fields, "last-modified");
    this.modified = parseHttpDate(this.lastModified ?? firstOf(fields, "date") ?? "") ?? 0;
    let bytes = OVERHEAD + 2 * key.length + url.length + (content?.length ?? 0);
    // Once as fields, once in the serialised head.
    for (const [name, value] of fields) bytes += 2 * (name.length + value.length) + 64;
    for (const value of variant.values) bytes += (value?.length ?? 0) + 32;
    this.bytes = bytes;
  }

  /** Milliseconds (RFC 9111 §4.2.3). `now`: of `performance.now()`. */
  age(now: number): number {
    return this.initialAge + Math.max(0, now - this.received);
  }

  /** The head of the whole, with its Age; `note` is a Cache-Status field's value, or empty; `more` are fields for one client. */
  head(age: number, note: string, more: Fields = NONE): ResponseHead {
    const fields = more.length === 0 ? this.fields : [...this.fields, ...more];
    return new ResponseHead(this.status, told(fields, Math.floor(age / 1000), note), this.reason);
  }

  /** The same for a hit, `status` with a Cache-Status that says so: one object for all hits within a second. */
  hit(age: number, status: boolean): ResponseHead {
    const seconds = Math.floor(age / 1000);
    if (this.#hit !== null && seconds === this.#hitAge && status === this.#hitStatus) return this.#hit;
    this.#hit = this.head(age, status ? hitNote(this.terms.lifetime - age) : "");
    this.#hitAge = seconds;
    this.#hitStatus = status;
    return this.#hit;
  }

  /** The head of another status with these fields more, and without those of these lower-case names. */
  headOf(status: number, age: number, note: string, more: Fields, dropped: ReadonlySet<string>): ResponseHead {
    const kept = this.fields.filter(([name]) => !dropped.has(name.toLowerCase()));
    return new ResponseHead(status, told([...kept, ...more], Math.floor(age / 1000), note));
  }

  /** 304, with the fields that RFC 9110 §15.4.5 asks for. */
  notModified(age: number, note: string): ResponseHead {
    this.#notModified ??= this.fields.filter(([name]) => IN_304.has(name.toLowerCase()));
    return new ResponseHead(304, told(this.#notModified, Math.floor(age / 1000), note));
  }
}

// --- internal ---

const NONE: Fields = [];
const IN_304 = new Set(["cache-control", "content-location", "date", "etag", "expires", "vary"]);

/** With Age (RFC 9111 §5.1), and with our part of Cache-Status behind what caches before us have said (RFC 9211 §2). */
function told(fields: Fields, age: number, note: string): Fields {
  const all = [...fields, ["Age", String(age)] as const];
  if (note !== "") all.push(["Cache-Status", note]);
  return all;
}
