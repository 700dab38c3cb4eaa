import { trimSpace } from "../http/characters.ts";
import type { RequestHeaders } from "../http/request-headers.ts";

/** As for header fields (`request-fields.ts`): others may be taken for one of these. */
const PLAIN_NAME = /^[a-z0-9-]+$/;

type Fields = readonly (readonly [string, string])[];

/**
 * Names that say who the client is, what it may do or what it wants: a target that merges trailers into its headers, which RFC 9110
 * §6.5.1 forbids, is not to be fooled with them. What frames or routes a message is refused before (`src/http/trailer.ts`).
 */
const NOT_BELIEVED =
  /^(?:accept|alt-|authentication|cdn-|cf-|client-|date$|early-data$|fastly-|forwarded|from$|http2-|if-|location$|origin$|pragma$|priority$|proxy|referer$|remote-|retry-after$|sec-|set-cookie|ssl|true-client|user-agent$|vary$|via$|warning$|www-authenticate$|x-(?:accel|amzn|arr|auth|azure|client|cluster|csrf|forwarded|envoy|goog|host|http|original|real|remote|request-id|rewrite|scheme|sendfile|ssl|user|verified))/;

/**
 * Which trailers of a request go on to a target (RFC 9110 §6.5): none that the header section holds too, that rules of ours have decided
 * about, that the client names in Connection, or by which it could say who it is. `headers`: as they go on.
 */
export function passableTrailers(trailers: Fields, headers: RequestHeaders): Fields {
  const options = (headers.list("connection") ?? "").toLowerCase().split(",");
  const own = new Set(options.map((option) => trimSpace(option)));
  return trailers.filter(
    ([name]) =>
      PLAIN_NAME.test(name) &&
      !NOT_BELIEVED.test(name) &&
      !own.has(name) &&
      !headers.decided.has(name) &&
      headers.get(name) === undefined,
  );
}
