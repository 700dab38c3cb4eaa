import { approximated, type Outcome, undecided } from "../ledger.ts";
import type { Instance } from "./instance.ts";

/** Reads `route = PATTERN addheader:NAME: VALUE`; everything else of internal routing needs a person. */
export function readAddedHeader(value: string, instance: Instance): Outcome {
  const match = /^(\S+)\s+addheader:([\w-]+):\s*(.+)$/.exec(value);
  if (match === null)
    return undecided("of internal routing only `addheader:` is read: write the rule as a route of the site");
  const [, pattern, header, text] = match;
  if (!/^\^[\w/.-]*$/.test(pattern!))
    return undecided("only a pattern that is the beginning of a path is read: write the rule as a route of the site");
  if (/^(?:connection|content-length|transfer-encoding|keep-alive|upgrade|trailer)$/i.test(header!))
    return approximated("our own listeners write this header field, as the connection has it");
  instance.headers.push({ pattern: pattern!, header: header!, value: text! });
  return approximated("the header is set on answers of the static routes and the app under this path");
}
