import type { Exchange } from "../http/exchange.ts";
import { SINGLE_FIELDS } from "../http/single-fields.ts";
import { forwardingFields, type RequestFields } from "./request-fields.ts";
import type { Template } from "./template.ts";

/** Fields that have a variable without HTTP_ (RFC 3875 §4.1), or that must never have one: HTTP_PROXY leads clients astray (httpoxy). */
const NO_VARIABLE = new Set(["content-type", "content-length", "proxy"]);

/**
 * The variables of a uwsgi, FastCGI or SCGI request: the configured ones in order, then the header fields as HTTP_*. A configured
 * HTTP_* takes the place of the field. Fields with `_` in their name are left out, since they could pass for one with `-`.
 */
export function requestParameters(
  exchange: Exchange,
  configured: readonly (readonly [string, Template])[],
  fields: RequestFields,
  host: string,
  options: { readonly bodyLength: number; readonly forwarded: boolean; readonly replaced: boolean },
): [string, string][] {
  const parameters = configured.map(([name, value]): [string, string] => {
    const text = value.evaluate(exchange);
    // A body that came chunked was collected by now, and one that is not the client's has a length of its own.
    const isOurs = name === "CONTENT_LENGTH" && (text === "" || options.replaced);
    return [name, isOurs ? (options.bodyLength > 0 ? String(options.bodyLength) : "") : text];
  });
  return parameters.concat(headerVariables(exchange, parameters, fields, host, options.forwarded));
}

// --- internal ---

/** The header fields as variables, worked out once for equal header sections of one client, as those of a kept connection are. */
function headerVariables(
  { client, headers }: Exchange,
  parameters: readonly (readonly [string, string])[],
  fields: RequestFields,
  host: string,
  forwarded: boolean,
): readonly [string, string][] {
  const known = fields.variables;
  if (known !== null && known.host === host && known.address === client.address && known.secure === client.secure)
    return known.list;
  const taken = new Set(parameters.map(([name]) => name));
  const values = new Map<string, string>();
  const add = (name: string, value: string): void => {
    const variable = `HTTP_${name.toUpperCase().replaceAll("-", "_")}`;
    if (taken.has(variable)) return;
    const before = values.get(variable);
    if (before !== undefined && SINGLE_FIELDS.has(name)) return;
    values.set(variable, before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`);
  };
  if (host !== "") add("host", host);
  for (const [name, value] of fields.list) if (!NO_VARIABLE.has(name) && !name.includes("_")) add(name, value);
  if (forwarded) for (const [name, value] of forwardingFields(client, headers.get("host") ?? "")) add(name, value);
  const list = [...values];
  fields.variables = { list, host, address: client.address, secure: client.secure };
  return list;
}
