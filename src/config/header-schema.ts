import { z } from "zod";
import { flag, pattern } from "./kinds.ts";
import { headerName, TOKEN } from "./name-patterns.ts";
import { list, named, oneOrMore, optional, section, withDefault } from "./sections.ts";

/** A field's value (RFC 9110 §5.5), which is a template. */
export const fieldValue = pattern("header value", "no-store", /^[\t\x20-\x7e\x80-\xff]*$/);

const names = "a header name";

/** What is done to the fields of a request before an app or upstream gets it. */
export const requestHeadersSchema = section({
  set: optional(
    named(TOKEN, names, oneOrMore(fieldValue)),
    "Fields that replace the client's, by name: a template, or a list for several fields. An empty value removes the field.",
  ),
  add: optional(named(TOKEN, names, oneOrMore(fieldValue)), "Further fields, beside the client's."),
  default: optional(named(TOKEN, names, oneOrMore(fieldValue)), "Fields for requests that lack them."),
  remove: optional(oneOrMore(headerName), "Names of fields to leave out."),
}).meta({ id: "request_headers" });

const responseValue = z.union([
  fieldValue.transform((value) => ({ value: [value], always: true })),
  list(fieldValue).transform((value) => ({ value, always: true })),
  section({
    value: oneOrMore(fieldValue).describe("The template, or a list for several fields."),
    always: withDefault(
      flag,
      true,
      "Also on errors. `false`: on 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308 alone.",
    ),
  }),
]);

/** What is done to the fields of a response before the client gets it. */
export const responseHeadersSchema = section({
  set: optional(
    named(TOKEN, names, responseValue),
    "Fields that replace those of the response, by name: a template, a list for several fields, or a section.",
  ),
  add: optional(named(TOKEN, names, responseValue), "Further fields, beside those of the response."),
  default: optional(named(TOKEN, names, responseValue), "Fields for responses that lack them."),
  remove: optional(oneOrMore(headerName), "Names of fields to leave out, such as `Server`."),
}).meta({ id: "response_headers" });

export type RequestHeaderSettings = z.output<typeof requestHeadersSchema>;
export type ResponseHeaderSettings = z.output<typeof responseHeadersSchema>;
