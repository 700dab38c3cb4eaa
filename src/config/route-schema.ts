import { z } from "zod";
import { conditionSchema } from "./condition-schema.ts";
import { handlerKeys, trySchema } from "./handler-schema.ts";
import { choice, count, flag, pattern, template, text } from "./kinds.ts";
import { routeName, TOKEN, urlPath, VARIABLE_NAME } from "./name-patterns.ts";
import { optionKeys } from "./options-schema.ts";
import { list, oneOrMore, optional, section } from "./sections.ts";

const routeKeys = {
  path: optional(
    urlPath,
    "Requests under this path: `/wps` takes `/wps` and `/wps/x` but not `/wpsx`; `/static/` takes what begins so. This, `prefix`, `exact`, `regex`, or none of them for every path.",
    "every path",
  ),
  prefix: optional(
    urlPath,
    "Requests whose path begins so, in the middle of a segment or not: `/wps` takes `/wpsx` too.",
    "every path",
  ),
  exact: optional(urlPath, "Requests for this one path.", "every path"),
  regex: optional(
    text,
    "Requests whose path this JavaScript regular expression finds something in; `^` and `$` anchor it.",
    "every path",
  ),
  ignore_case: optional(flag, "Whether `regex` takes upper and lower case for the same.", "`false`"),
  final: optional(
    flag,
    "With `prefix` and `order: nginx`: no regex is tried when this prefix is the longest.",
    "`false`",
  ),
  name: optional(routeName, 'Name that `goto: "@name"` and `errors` find the route by.', "none"),
  named_only: optional(flag, "The route is found by its `name` alone.", "`false`"),
  internal: optional(
    flag,
    "Not for requests as they come in (404), only for `goto`, `try`, `errors`, rules and X-Accel-Redirect.",
    "`false`",
  ),
  methods: optional(
    oneOrMore(pattern("method", "GET", TOKEN)),
    "Requests with this method, or one of this list; GET takes HEAD with it.",
    "every method",
  ),
  when: optional(oneOrMore(conditionSchema), "A condition, or a list of which all have to hold.", "none"),
  ...handlerKeys,
  try: optional(
    trySchema,
    "Answered by the first of these that has a file; the last answers when none has. Or a section, as NGINX's `try_files`.",
    "none",
  ),
  ...optionKeys,
} as const;

const ruleKeys = {
  rewrite: optional(text, "Change a path in which this JavaScript regular expression finds something.", "none"),
  ignore_case: optional(flag, "Whether `rewrite` takes upper and lower case for the same.", "`false`"),
  to: optional(template, "What the path becomes; the value that is set; the Location of `return`.", "none"),
  flag: optional(
    choice("continue", "last", "break", "redirect", "permanent"),
    "What follows a `rewrite`: the next rule, a new search for a route, the end of the rules, or an answer with 302 or 301.",
    "`continue`",
  ),
  set: optional(pattern("name for a variable", "theme", VARIABLE_NAME), "Give this variable the value `to`.", "none"),
  when: optional(conditionSchema, "Run `rules` (and answer by `route`) if this holds.", "none"),
  return: optional(count(200, 599), "Answer with this status at once; 444 closes without an answer.", "none"),
  body: optional(template, "Body of `return`.", "none"),
  break: optional(flag, "End the rules.", "`false`"),
} as const;

interface Nested<Route, Rule> {
  readonly rules?: Rule[] | undefined;
  readonly routes?: Route[] | undefined;
}
interface Conditional<Route, Rule> {
  readonly rules?: Rule[] | undefined;
  readonly route?: Route | undefined;
}
/** A route and a rule as the schema gives them; each may hold more of both. */
export type RouteSettings = z.output<z.ZodObject<typeof routeKeys>> & Nested<RouteSettings, RuleSettings>;
export type RuleSettings = z.output<z.ZodObject<typeof ruleKeys>> & Conditional<RouteSettings, RuleSettings>;
/** The same as they may be written. */
export type WrittenRoute = z.input<z.ZodObject<typeof routeKeys>> & Nested<WrittenRoute, WrittenRule>;
export type WrittenRule = z.input<z.ZodObject<typeof ruleKeys>> & Conditional<WrittenRoute, WrittenRule>;

const anyRoute = z.lazy((): z.ZodType<RouteSettings, WrittenRoute> => routeSchema);
const anyRule = z.lazy((): z.ZodType<RuleSettings, WrittenRule> => ruleSchema);

/** NGINX's rewrite phase: one of `rewrite`, `set`, `when`, `return` and `break`. */
export const ruleSchema: z.ZodType<RuleSettings, WrittenRule> = section({
  ...ruleKeys,
  rules: optional(list(anyRule), "With `when`: rules that are run if it holds.", "none"),
  route: optional(
    anyRoute,
    "With `when`: answers in place of the route that the rule stands in; a route without a match.",
    "the route itself",
  ),
}).meta({ id: "rule" });

/** What matches a request, and the one handler that answers it. */
export const routeSchema: z.ZodType<RouteSettings, WrittenRoute> = section({
  ...routeKeys,
  rules: optional(list(anyRule), "Run in order once the route is chosen: rewrites, variables, answers.", "none"),
  routes: optional(
    list(anyRoute),
    "With `order: nginx`: routes that are searched once this one is the longest prefix.",
    "none",
  ),
}).meta({ id: "route" });
