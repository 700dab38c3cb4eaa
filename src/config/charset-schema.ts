import type { z } from "zod";
import { off, pattern } from "./kinds.ts";
import type { CharsetConfig } from "./route-model.ts";
import { list, optional, section, shorthand } from "./sections.ts";

const name = pattern("charset", "utf-8", /^[\w.:-]+$/);

const charsetSection = section({
  name: name.describe("The charset, as `Content-Type` has it."),
  types: optional(
    list(pattern("media type", "text/plain or *", /^(?:\*|[\w.+-]+\/[\w.+-]+)$/)),
    "Media types that it is added to, `*` for all; text/html always.",
    "`text/xml`, `text/plain`, `application/javascript`, `application/rss+xml`",
  ),
}).meta({ id: "charset" });

/** What is added to the Content-Type of answers; `false`: nothing. */
export const charsetSchema = shorthand(name, (written) => ({ name: written }), charsetSection).or(off);

/** NGINX's `charset_types` (ngx_http_charset_module), and what JavaScript is called today (RFC 9239). */
const TYPES = [
  "text/html",
  "text/xml",
  "text/plain",
  "text/vnd.wap.wml",
  "application/javascript",
  "text/javascript",
  "application/rss+xml",
];

export function resolveCharset(settings: z.output<typeof charsetSchema>): CharsetConfig | null {
  if (settings === false) return null;
  const types =
    settings.types === undefined ? TYPES : ["text/html", ...settings.types.map((type) => type.toLowerCase())];
  return { name: settings.name, types };
}
