import { RequestHeaders } from "../http/request-headers.ts";
import type { Entry } from "./entry.ts";

/** Conditions and parts are answered from what comes back, for each client on its own. */
const CLIENTS_OWN = new Set(["if-none-match", "if-modified-since", "if-range", "range"]);

/**
 * The headers to ask the origin with: a client's, for the whole; and with the validators of a stored answer, if there is one to be
 * validated (RFC 9111 §4.3.1).
 */
export function fetchHeaders(headers: RequestHeaders, stale: Entry | null): RequestHeaders {
  const validators: [string, string][] = [];
  if (stale?.etag !== undefined) validators.push(["if-none-match", stale.etag]);
  if (stale?.lastModified !== undefined) validators.push(["if-modified-since", stale.lastModified]);
  if (validators.length === 0 && !headers.names.some((name) => CLIENTS_OWN.has(name))) return headers;
  const names: string[] = [];
  const values: string[] = [];
  const add = (name: string, value: string): void => {
    names.push(name);
    values.push(value);
  };
  for (let i = 0; i < headers.names.length; i++)
    if (!CLIENTS_OWN.has(headers.names[i]!)) add(headers.names[i]!, headers.values[i]!);
  for (const [name, value] of validators) add(name, value);
  const made = new RequestHeaders(names.map((name, i) => `${name}: ${values[i]}`).join("\r\n"), names, values);
  made.decided = headers.decided;
  return made;
}
