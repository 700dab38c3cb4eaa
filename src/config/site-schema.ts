import type { z } from "zod";
import { choice, count, duration, flag, path, pattern, text } from "./kinds.ts";
import { list, named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

const urlPath = pattern("URL path", "/static/ (with a slash in front)", /^\/[^\s?#]*$/);
const host = pattern("host name", "example.org or *.example.org", /^(?:_|(?:\*\.)?[^\s:/*@]+|\[[\da-fA-F:.]+\])$/);
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = pattern("header value", "no-store", /^[\t\x20-\x7e\x80-\xff]*$/);

export const staticSchema = section({
  root: path.describe("Folder to serve files from."),
  strip: optional(
    flag,
    "Remove the route's path before looking under `root`: with `path: /static/`, `/static/a.css` is `a.css` in the folder.",
    "`true` with `path`, `false` with `exact` and `regex`",
  ),
  index: optional(
    oneOrMore(pattern("file name", "index.html", /^[^/\0]+$/)),
    "Files that answer for a folder, the first that exists; an empty list for none.",
    "`index.html`",
  ),
  expires: optional(duration, "How long browsers may keep files (`Cache-Control: max-age`).", "no such header"),
  dotfiles: withDefault(flag, false, "Serve files and folders whose name begins with a dot."),
  symlinks: withDefault(flag, false, "Follow symbolic links that lead out of the folder."),
  precompressed: withDefault(flag, true, "Send `FILE.br`, `FILE.zst` or `FILE.gz` to browsers that take it."),
});

export const redirectSchema = section({
  to: text.describe("Where to: a URL or a path. `{path}`, `{query}` and `{host}` stand for those of the request."),
  status: withDefault(
    choice(301, 302, 303, 307, 308),
    302,
    "Status of the answer: 301 and 308 are permanent, 307 and 308 keep the method.",
  ),
});

export const respondSchema = section({
  status: withDefault(count(200, 599), 200, "Status of the answer."),
  body: withDefault(text, "", "Body of the answer."),
  headers: optional(
    named(FIELD_NAME, "a header name", oneOrMore(fieldValue)),
    "Header fields of the answer, each with one value or a list.",
    "`Content-Type: text/plain; charset=utf-8`",
  ),
});

/** What matches a request, and the one handler that answers it. */
export const routeSchema = section({
  path: optional(
    urlPath,
    "Requests under this path: `/wps` takes `/wps` and `/wps/x` but not `/wpsx`; `/static/` takes what begins so. This, `exact`, `regex`, or none of them for every path.",
    "every path",
  ),
  exact: optional(urlPath, "Requests for this one path.", "every path"),
  regex: optional(
    text,
    "Requests whose path this JavaScript regular expression finds something in; `^` and `$` anchor it.",
    "every path",
  ),
  methods: optional(
    oneOrMore(pattern("method", "GET", /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)),
    "Requests with this method, or one of this list; GET takes HEAD with it.",
    "every method",
  ),
  app: optional(text, "Answered by this app.", "none"),
  mount: optional(
    pattern("URL path", "/wps (with a slash in front)", /^\/[^\s?#]*$/),
    "Part of the path that the app sees as SCRIPT_NAME, in place of in PATH_INFO.",
    "none: the app sees the whole path",
  ),
  static: optional(
    shorthand(path, (root) => ({ root }), staticSchema),
    "Answered by a file of this folder: the folder, or a section.",
    "none",
  ),
  redirect: optional(
    shorthand(text, (to) => ({ to }), redirectSchema),
    "Answered by a redirect: the URL, or a section.",
    "none",
  ),
  respond: optional(
    shorthand(text, (body) => ({ body }), respondSchema),
    "Answered by a fixed response: its body, or a section.",
    "none",
  ),
});

/** A set of hosts and its routes. */
export const siteSchema = section({
  hosts: optional(
    oneOrMore(host),
    "Host names: `example.org`, `*.example.org` for every name under it, `_` for any. Hosts that no site names are answered by the site with `_`, else by the first.",
    "`_`",
  ),
  routes: list(routeSchema).describe("Tried in the written order; the first that matches answers."),
});

export type StaticSettings = z.output<typeof staticSchema>;
export type RouteSettings = z.output<typeof routeSchema>;
export type SiteSettings = z.output<typeof siteSchema>;
