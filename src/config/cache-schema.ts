import { z } from "zod";
import { conditionSchema } from "./condition-schema.ts";
import { choice, count, duration, flag, pattern, size, template } from "./kinds.ts";
import { named, oneOrMore, optional, section, withDefault } from "./sections.ts";

/** `200`, `200 301 404`, or `any`. */
const STATUSES = /^(?:any|[2-5]\d\d(?:\s+[2-5]\d\d)*)$/;

const STORE_NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;
const storeName = pattern("name of a store", "pages", STORE_NAME);

const cacheKeys = section({
  store: withDefault(storeName, "default", "Where answers are kept: a name of `caches`."),
  key: optional(
    template,
    "What an answer is kept under, a template. Routes that make the same key in one store share the answer.",
    "the URL, apart for each route",
  ),
  methods: withDefault(oneOrMore(choice("GET", "HEAD")), ["GET", "HEAD"], "Requests that are answered from the cache."),
  ttl: optional(
    z.union([
      duration.transform((time): Record<string, number> => ({ "200 301 302": time })),
      named(STATUSES, "a status such as 200, several with spaces between, or any", duration),
    ]),
    "How long answers are fresh that say nothing of it, by status (`200 301`, `any`), or one time for 200, 301 and 302.",
    "such answers are not kept",
  ),
  heuristics: withDefault(
    flag,
    false,
    "Guess how long answers are fresh that say nothing of it: a tenth of the time since Last-Modified, a day at most.",
  ),
  stale_while_revalidate: withDefault(
    duration,
    0,
    "So long after its time an answer is still used while it is fetched anew, unless it says otherwise.",
  ),
  stale_if_error: withDefault(
    duration,
    0,
    "So long after its time an answer is still used when a new one can't be had, unless it says otherwise.",
  ),
  ignore: withDefault(
    oneOrMore(choice("cache-control", "expires", "set-cookie", "vary")),
    [],
    "Fields of answers that count as absent. A Set-Cookie that is ignored goes to the client that it is for, and to no other.",
  ),
  accel_expires: withDefault(
    flag,
    false,
    "Take `X-Accel-Expires` of answers before their Cache-Control and Expires: seconds, `@` and a time since 1970, 0 for not at all.",
  ),
  min_uses: withDefault(count(1, 1000), 1, "An answer is kept from this request for it on."),
  max_entry: withDefault(size, "1MB", "Largest content that is kept; larger ones pass through."),
  wait: withDefault(
    duration,
    "5s",
    "Longest wait for an answer that another request is fetching; then each fetches for itself. 0 for no wait.",
  ),
  revalidate: withDefault(flag, true, "Ask whether a stale answer still holds, rather than for all of it."),
  request_directives: withDefault(flag, true, "Obey `Cache-Control` of requests, by which clients ask past the cache."),
  status: withDefault(flag, true, "Tell clients by the field `Cache-Status` what the cache did."),
  bypass: optional(
    oneOrMore(conditionSchema),
    "Conditions; if one holds, the answer is neither taken from the cache nor kept.",
    "none",
  ),
  refresh: optional(
    oneOrMore(conditionSchema),
    "Conditions; if one holds, the answer is fetched anew, and kept.",
    "none",
  ),
  no_store: optional(oneOrMore(conditionSchema), "Conditions; if one holds, the answer is not kept.", "none"),
}).meta({ id: "cache" });

/** `true`, `false`, or a section. */
export const cacheSchema = z.union([flag, cacheKeys]);

/** Stores that routes keep answers in, by name. */
export const cachesSchema = named(
  STORE_NAME,
  "a name for a store: letters, digits, dots, - and _, at most 100",
  section({
    size: withDefault(size, "64MB", "Memory for its answers in each edge; the least used go first."),
  }).meta({ id: "cache_store" }),
);

export type CacheSettings = z.output<typeof cacheKeys>;

/** What `cache: true` stands for. */
export function plainCache(): CacheSettings {
  return cacheKeys.parse({});
}
