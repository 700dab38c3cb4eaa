import { z } from "zod";
import { conditionSchema } from "./condition-schema.ts";
import { flag, pattern, text } from "./kinds.ts";
import { headerName, TOKEN } from "./name-patterns.ts";
import { list, named, oneOrMore, optional, section, withDefault } from "./sections.ts";

/** A field's value (RFC 9110 §5.5), which is a template. */
export const fieldValue = pattern("header value", "no-store", /^[\t\x20-\x7e\x80-\xff]*$/);

const names = "a header name";

const conditions = optional(
  oneOrMore(conditionSchema),
  "A condition, or a list of which all have to hold. As `access_log.when`.",
  "none",
);

const editKeys = {
  matches: text.describe("A JavaScript regular expression for what is changed in a field's value."),
  ignore_case: withDefault(flag, false, "Whether `matches` takes upper and lower case for the same."),
  to: fieldValue.describe("What takes the place of what was found, a template; `{1}` is what its first group found."),
  all: withDefault(flag, false, "Change every place that is found, not the first alone."),
  when: conditions,
};

const requestValue = z.union([
  oneOrMore(fieldValue).transform((value) => ({ value, when: undefined })),
  section({
    value: oneOrMore(fieldValue).describe("The template, or a list for several fields."),
    when: conditions,
  }),
]);

/** What is done to the fields of a request before an app or upstream gets it. */
export const requestHeadersSchema = section({
  set: optional(
    named(TOKEN, names, requestValue),
    "Fields that replace the client's, by name: a template, a list for several fields, or a section. An empty value removes the field.",
  ),
  add: optional(named(TOKEN, names, requestValue), "Further fields, beside the client's."),
  default: optional(named(TOKEN, names, requestValue), "Fields for requests that lack them."),
  edit: optional(
    named(TOKEN, names, oneOrMore(section(editKeys))),
    "Changes within fields, by name: a section or a list.",
  ),
  remove: optional(oneOrMore(headerName), "Names of fields to leave out."),
}).meta({ id: "request_headers" });

const always = withDefault(
  z.union([flag, z.literal("answers")]),
  true,
  "Also on errors. `answers`: on those of apps, upstreams and files, not on error pages and redirects of our own. `false`: on 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308 alone.",
);

const responseValue = z.union([
  fieldValue.transform((value) => ({ value: [value], always: true as const, when: undefined })),
  list(fieldValue).transform((value) => ({ value, always: true as const, when: undefined })),
  section({
    value: oneOrMore(fieldValue).describe("The template, or a list for several fields."),
    always,
    when: conditions,
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
  edit: optional(
    named(TOKEN, names, oneOrMore(section({ ...editKeys, always }))),
    "Changes within fields, by name: a section or a list.",
  ),
  remove: optional(oneOrMore(headerName), "Names of fields to leave out, such as `Server`."),
}).meta({ id: "response_headers" });

export type RequestHeaderSettings = z.output<typeof requestHeadersSchema>;
export type ResponseHeaderSettings = z.output<typeof responseHeadersSchema>;
