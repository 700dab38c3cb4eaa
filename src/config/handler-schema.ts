import { z } from "zod";
import { cgiSchema } from "./cgi-schema.ts";
import { deadlineSchema, shareSchema } from "./deadline-schema.ts";
import { fieldValue } from "./header-schema.ts";
import { choice, count, path, pattern, template, text } from "./kinds.ts";
import { TOKEN } from "./name-patterns.ts";
import { proxySchema } from "./proxy-schema.ts";
import { list, named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";
import { staticSchema } from "./static-schema.ts";

const redirectSchema = section({
  to: template.describe("Where to: a URL or a path, such as `https://{host}{path}{query}`."),
  status: withDefault(
    choice(301, 302, 303, 307, 308),
    302,
    "Status of the answer: 301 and 308 are permanent, 307 and 308 keep the method.",
  ),
}).meta({ id: "redirect" });

const respondSchema = section({
  status: withDefault(count(200, 599), 200, "Status of the answer."),
  body: withDefault(template, "", "Body of the answer."),
  headers: optional(
    named(TOKEN, "a header name", oneOrMore(fieldValue)),
    "Header fields of the answer, each a template or a list of them.",
    "`Content-Type: text/plain; charset=utf-8`",
  ),
}).meta({ id: "respond" });

/** What answers: one of these at a route, and at each step of `try`. */
export const handlerKeys = {
  app: optional(text, "Answered by this app.", "none"),
  mount: optional(
    pattern("URL path", "/wps (with a slash in front)", /^\/[^\s?#]*$/),
    "Part of the path that the app sees as SCRIPT_NAME, in place of in PATH_INFO.",
    "none: the app sees the whole path",
  ),
  environ: optional(
    named(/^[^=\0]+$/, "a key of the environ", template),
    "More keys of the app's environ, or others in place of ours.",
    "none",
  ),
  deadline: optional(
    deadlineSchema,
    "How long a request to the app may run: the soft limit, or a section; 0 for no limit.",
    "that of the app",
  ),
  queue: optional(
    shareSchema,
    "The part of the app's lanes and queue that the route may use, so that slow requests leave room for the others.",
    "all of them, together with other routes",
  ),
  static: optional(staticSchema, "Answered by a file of this folder: the folder, or a section.", "none"),
  proxy: optional(proxySchema, "Answered by this upstream or server: its name or URL, or a section.", "none"),
  cgi: optional(
    cgiSchema,
    "Answered by a program that is run for each request: a folder of scripts, or a section.",
    "none",
  ),
  redirect: optional(
    shorthand(template, (to) => ({ to }), redirectSchema),
    "Answered by a redirect: the URL, or a section.",
    "none",
  ),
  respond: optional(
    shorthand(template, (body) => ({ body }), respondSchema),
    "Answered by a fixed response: its body, or a section.",
    "none",
  ),
  fail: optional(count(400, 599), "Answered by the error page of this status; 444 closes without an answer.", "none"),
  goto: optional(
    template,
    "Answered by another route of the site: `@name`, or the path (and `?query`) to look for a route with.",
    "none",
  ),
} as const;

const answerSchema = section(handlerKeys).meta({ id: "answer" });

const stepSchema = section({
  ...handlerKeys,
  file: optional(template, "A file under `root`, if it is there.", "none"),
  root: optional(path, "Folder of `file`.", "that of the `static` step before it"),
}).meta({ id: "try_step" });

const triedFilesSchema = section({
  root: path.describe("Folder to look in; variables of the request may stand in it."),
  strip: withDefault(text, "", "What is taken off the front of each path before it is looked up."),
  files: oneOrMore(template).describe("Paths to look for, in order, such as `{uri}`; a final slash asks for a folder."),
  found: optional(answerSchema, "What answers for the path that was found.", "the file itself"),
  else: optional(answerSchema, "What answers when nothing was found.", "`fail: 404`"),
}).meta({ id: "try_files" });

export const trySchema = z.union([list(stepSchema), triedFilesSchema]);

export type HandlerSettings = z.output<typeof answerSchema>;
export type RespondSettings = z.output<typeof respondSchema>;
export type TrySettings = z.output<typeof trySchema>;
export type TryStepSettings = z.output<typeof stepSchema>;
export type TriedFilesSettings = z.output<typeof triedFilesSchema>;
