import type { z } from "zod";
import { count, duration, path, template } from "./kinds.ts";
import { named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

/** `cgi`: programs that are run once for each request (RFC 3875). */
export const cgiSchema = shorthand(
  path,
  (root) => ({ root }),
  section({
    root: optional(path, "Folder whose executable files answer: what the route's own path leaves names one of them."),
    script: optional(path, "One executable file that answers everything here. One of `root` and `script`."),
    helpers: optional(
      named(/^\.\w+$/, "an ending such as .pl", oneOrMore(path)),
      "Commands that run files with these endings, which need not be executable then: `{.pl: perl}`.",
      "none",
    ),
    index: optional(oneOrMore(path), "Files that answer for a folder, the first that is there.", "none: 403"),
    environ: optional(
      named(/^[A-Za-z_]\w*$/, "a name for an environment variable", template),
      "More variables, or others in place of ours.",
      "none",
    ),
    timeout: withDefault(duration, "60s", "Longest time that a script may run; 0 for no limit."),
    processes: withDefault(count(1, 10_000), 16, "Scripts that run at the same time; who comes then gets 503."),
  }).meta({ id: "cgi" }),
);

export type CgiSettings = z.output<typeof cgiSchema>;
