import { z } from "zod";
import { choice, expiry, flag, off, path, pattern, template } from "./kinds.ts";
import { named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

const mediaType = pattern("media type", "text/css", /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;[\t\x20-\x7e]*)?$/);

const staticKeys = section({
  root: optional(
    path,
    "Folder to serve files from; variables of the request may stand in it.",
    "required, unless there is `file`",
  ),
  strip: optional(
    flag,
    "Remove the route's path before looking under `root`: with `path: /static/`, `/static/a.css` is `a.css` in the folder.",
    "`true` with `path` and `prefix`, `false` with `exact` and `regex`",
  ),
  file: optional(
    template,
    "This one file in place of the path under `root`; captures may stand in it: `/data/{1}`.",
    "none",
  ),
  index: optional(
    oneOrMore(pattern("file name", "index.html", /^[^\0]+$/)),
    "Files that answer for a folder, the first that exists; an empty list for none.",
    "`index.html`",
  ),
  index_goto: withDefault(
    flag,
    false,
    "Go to an index file by its path, so that another route may answer it, as NGINX does.",
  ),
  autoindex: withDefault(
    z.union([flag, choice("html", "json", "jsonp", "xml")]),
    false,
    "List folders that have no index file: `html` (or `true`) for people, `json`, `jsonp` (with `?callback=NAME`) and `xml` for programs.",
  ),
  exact_sizes: withDefault(flag, true, "Sizes in listings for people are bytes; `false` rounds them: `12K`."),
  local_times: withDefault(flag, false, "Times in listings for people are those of this machine, not UTC."),
  fallback: optional(path, "File under `root` for paths where there is none (single-page apps).", "404"),
  expires: optional(
    expiry,
    "How long browsers may keep files (`Cache-Control: max-age` and `Expires`): `max` is ten years, `epoch` and negative times are `no-cache`.",
    "no such headers",
  ),
  types: optional(
    named(/^\.?[\w+-]+(?:\.[\w+-]+)*$/, "a file name extension", mediaType),
    "Media types by extension, beside and before our own.",
    "none",
  ),
  default_type: optional(mediaType, "Media type of files whose extension is not known.", "`application/octet-stream`"),
  charset: optional(
    z.union([off, pattern("charset", "utf-8", /^[\w.:-]*$/)]),
    "Charset that text types are said to have; empty or `false` for none.",
    "`utf-8`",
  ),
  etag: withDefault(flag, true, "Send an ETag with each file."),
  dotfiles: withDefault(flag, false, "Serve files and folders whose name begins with a dot."),
  symlinks: withDefault(flag, false, "Follow symbolic links that lead out of the folder."),
  precompressed: withDefault(flag, true, "Send `FILE.br`, `FILE.zst` or `FILE.gz` to browsers that take it."),
}).meta({ id: "static" });

/** A folder, or a section. */
export const staticSchema = shorthand(path, (root) => ({ root }), staticKeys);

export type StaticSettings = z.output<typeof staticKeys>;
