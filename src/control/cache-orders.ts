import { PropylonError } from "../base/errors.ts";
import type { CacheOrder } from "../cache/orders.ts";
import { Arguments } from "./arguments.ts";
import type { JsonObject } from "./read-json.ts";

/** So many answers are listed at most. */
const MOST = 100_000;

/** `GET /cache`: how the stores are, and with a `limit` what is in them. Throws a PropylonError for another limit than a number. */
export function listing(query: URLSearchParams): CacheOrder {
  const written = query.get("limit");
  if (written === null) return { kind: "status" };
  const limit = /^\d{1,9}$/.test(written) ? Number(written) : Number.NaN;
  if (!(limit >= 1)) throw new PropylonError("user", `The limit "${written}" is not a number from 1 on`);
  return { kind: "list", prefix: query.get("prefix") ?? "", limit: Math.min(limit, MOST) };
}

/** `POST /cache/purge`: one of `url`, `prefix` and `all`. Throws a PropylonError for anything else, so that no slip empties a store. */
export function purge(values: JsonObject): CacheOrder {
  const given = new Arguments("cache purge", values, ["url", "prefix", "all", "store"]);
  const url = given.optionalText("url");
  const prefix = given.optionalText("prefix");
  const store = given.optionalText("store");
  const all = given.flag("all");
  const said = [url !== undefined, prefix !== undefined, all].filter((one) => one).length;
  if (said !== 1)
    throw new PropylonError("user", "It is not clear what is to be removed from the cache", {
      remedy: "give one of url, prefix and all",
    });
  for (const text of [url, prefix])
    if (text !== undefined && !/^https?:\/\/[^/]/.test(text))
      throw new PropylonError("user", `"${text}" is not a URL that clients ask for`, {
        remedy: "write it whole, such as https://example.org/page",
      });
  return {
    kind: "purge",
    ...(url !== undefined && { url }),
    ...(prefix !== undefined && { prefix }),
    ...(all && { all }),
    ...(store !== undefined && { store }),
  };
}
