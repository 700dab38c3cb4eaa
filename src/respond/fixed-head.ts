import { PropylonError } from "../base/errors.ts";
import { ResponseHead } from "../http/response-head.ts";

/**
 * A head from fields that people wrote in a configuration. Throws a user error for a name or value that would break the
 * message (RFC 9110 §5.1, §5.5) or that the protocol sets itself.
 */
export function fixedHead(status: number, fields: readonly (readonly [string, string])[]): ResponseHead {
  for (const [name, value] of fields) {
    if (!TOKEN.test(name)) throw new PropylonError("user", `"${printable(name)}" is not the name of a header field`);
    if (FRAMING.has(name.toLowerCase())) {
      throw new PropylonError("user", `the header field "${name}" can't be set`, {
        remedy: "leave it out: the server sets it",
      });
    }
    if (!VALUE.test(value)) {
      throw new PropylonError("user", `the value "${printable(value)}" of the header field "${name}" is not valid`, {
        remedy: "use visible Latin-1 characters, spaces and tabs, without spaces at the ends",
      });
    }
  }
  return new ResponseHead(status, fields);
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const FRAMING = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
