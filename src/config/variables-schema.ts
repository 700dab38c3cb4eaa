import type { z } from "zod";
import { flag, percentage, template, text } from "./kinds.ts";
import { VARIABLE_NAME } from "./name-patterns.ts";
import { list, named, optional, section, withDefault } from "./sections.ts";

const variableSchema = section({
  from: optional(template, "What is looked up.", "`{remote_addr}` with `networks`, else required"),
  values: optional(named(/^/, "a value", template), "By the whole value, upper and lower case the same; tried first."),
  hosts: withDefault(flag, false, "Names in `values` are host names, with `*.example.org` and `.example.org` too."),
  patterns: optional(
    list(
      section({
        match: text.describe("A JavaScript regular expression that has to find something in it."),
        ignore_case: withDefault(flag, false, "Upper and lower case are the same."),
        value: template.describe("The variable's value then; captures may stand in it: `{1}`."),
      }).meta({ id: "variable_pattern" }),
    ),
    "By regular expressions, in order, after `values`. Named captures become variables.",
  ),
  networks: optional(
    named(/^/, "a network", template),
    "By address: the narrowest network that holds it, such as `10.0.0.0/8`.",
  ),
  shares: optional(
    list(
      section({
        share: percentage.describe("How much of all values, with at most two decimals: `20%`, `0.5%`."),
        value: template.describe("The variable's value then."),
      }).meta({ id: "variable_share" }),
    ),
    "By a hash (MurmurHash2) of the value, so that the same client has the same share each time: first come first served, together at most 100%.",
  ),
  default: withDefault(template, "", "The value when nothing fits."),
}).meta({ id: "variable" });

/** Every variable by its name. */
export const variablesSchema = named(
  VARIABLE_NAME,
  "a name for a variable: letters, digits and _, no digit in front",
  variableSchema,
);

export type VariableSettings = z.output<typeof variableSchema>;
