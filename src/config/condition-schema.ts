import type { z } from "zod";
import { flag, pattern, template, text } from "./kinds.ts";
import { headerName } from "./name-patterns.ts";
import { oneOrMore, optional, section, withDefault } from "./sections.ts";

/** Something that holds for a request or does not. */
export const conditionSchema = section({
  value: optional(
    template,
    "A template to look at; alone, it holds unless it is empty or `0`. One of `value`, `header`, `query`, `client`, `file`, `directory`, `exists` and `executable`.",
  ),
  header: optional(headerName, "A request header to look at; alone, it holds when the header has a value."),
  query: optional(
    pattern("name of a parameter", "page", /^\w+$/),
    "A parameter of the query to look at; alone, it holds when the parameter has a value.",
  ),
  matches: optional(text, "A JavaScript regular expression that has to find something in it."),
  ignore_case: optional(flag, "Whether `matches` takes upper and lower case for the same.", "`false`"),
  equals: optional(template, "What it has to be, letter for letter."),
  client: optional(
    oneOrMore(pattern("address range", "10.0.0.0/8", /^\S+$/)),
    "Addresses and networks, one of which has to hold the client's.",
  ),
  file: optional(template, "Path of a file that has to be there."),
  directory: optional(template, "Path of a folder that has to be there."),
  exists: optional(template, "Path of a file or folder that has to be there."),
  executable: optional(template, "Path of a file that has to be there and be executable."),
  not: withDefault(flag, false, "Turn the condition round."),
}).meta({ id: "condition" });

export type ConditionSettings = z.output<typeof conditionSchema>;
