import { z } from "zod";
import { authSchema } from "./auth-schema.ts";
import { corsSchema, securityHeadersSchema } from "./browser-schema.ts";
import { cacheSchema } from "./cache-schema.ts";
import { charsetSchema } from "./charset-schema.ts";
import { compressSchema } from "./compress-schema.ts";
import { requestHeadersSchema, responseHeadersSchema } from "./header-schema.ts";
import { bandwidth, choice, count, flag, path, pattern, size, template } from "./kinds.ts";
import { concurrencySchema, rateSchema } from "./limit-schema.ts";
import { accessLogsSchema } from "./log-schema.ts";
import { routeName } from "./name-patterns.ts";
import { list, named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

/** `404`, `5xx`, or several of them with spaces between. */
const STATUSES = /^[345](?:\d\d|xx)(?:\s+[345](?:\d\d|xx))*$/;

const errorPageSchema = section({
  file: optional(path, "Answer with the content of this file."),
  path: optional(
    template,
    "Answer as the site answers a GET of this path (an internal redirect). One of `file`, `path`, `route` and `redirect`.",
  ),
  route: optional(routeName, "Answer as the route of this name does."),
  redirect: optional(template, "Send the client to this URL, with 302 or the `status`."),
  status: optional(
    z.union([choice("answer"), count(200, 599)]),
    "Status of the answer: a number, or `answer` for that of what answers.",
    "the error's own",
  ),
}).meta({ id: "error_page" });

const range = pattern("address range", "10.0.0.0/8, 192.0.2.1, unix: or all", /^\S+$/);

const accessSchema = section({
  allow: optional(oneOrMore(range), "Let clients from here in: addresses, networks, `unix:` or `all`."),
  deny: optional(oneOrMore(range), "Answer clients from here with 403."),
}).meta({ id: "access" });

const locationsSchema = section({
  absolute: withDefault(flag, true, "Put scheme, host and port in front."),
  port: withDefault(flag, true, "Name the port of the listener, unless it is the usual one of the scheme."),
  host: withDefault(
    choice("asked", "site"),
    "asked",
    "The host that the client asked, or the first of the site's `hosts`.",
  ),
}).meta({ id: "locations" });

/** What may stand at a site for all of its routes, and at a route. */
export const optionKeys = {
  request_headers: optional(
    requestHeadersSchema,
    "Changes to the fields of requests before an app or upstream gets them.",
    "unchanged",
  ),
  response_headers: optional(responseHeadersSchema, "Changes to the fields of responses.", "unchanged"),
  expires: optional(
    template,
    "How long answers may be kept, by `Expires` and `Cache-Control`: `30d`, `-1`, `modified 1h` (from Last-Modified on), `@15h30m` (until then each day), `max`, `epoch` or `off`; variables may stand in it.",
    "as the answer says",
  ),
  errors: optional(
    named(
      STATUSES,
      "a status such as 404, a class such as 5xx, or several with spaces between",
      shorthand(path, (written) => ({ file: written }), errorPageSchema),
    ),
    "What answers in place of our own error pages, by status (`404`, `502 503 504`, `5xx`), and of our own redirects (`301 302`): a file, or a section.",
    "our own pages",
  ),
  intercept: optional(flag, "`errors` cover those answers of apps, upstreams and CGI programs too.", "`false`"),
  locations: optional(
    shorthand(choice("path", "absolute"), (written) => ({ absolute: written === "absolute" }), locationsSchema),
    "How a Location that is a path of the site is sent: as it is (`path`), or with scheme, host and port in front (`absolute`, or a section).",
    "`absolute` with `order: nginx` and for what rules answer, else `path`",
  ),
  access: optional(
    list(accessSchema),
    "Who may come in: the first entry that fits the client's address decides.",
    "everyone",
  ),
  limits: optional(
    section({
      body: optional(size, "Largest request body; 0 for no limit.", "`limits.body` of the top level"),
      bandwidth: optional(
        bandwidth,
        "Bytes a second that the body of each answer is sent with at most: a size, or a template of one; 0 for no limit.",
        "no limit",
      ),
      bandwidth_after: optional(size, "Bytes of each answer that go before `bandwidth` holds.", "0"),
    }).meta({ id: "route_limits" }),
    "Bounds that differ from those of the top level.",
  ),
  charset: optional(
    charsetSchema,
    "Charset for answers of apps and upstreams whose type is a text's and names none: `utf-8`, or a section.",
    "`false`",
  ),
  compress: optional(
    compressSchema,
    "Compress answers of apps, upstreams and files on the fly: `true`, or a section.",
    "`false`",
  ),
  auth: optional(authSchema, "Ask who comes in: `basic`, `forward`, or `false` for nobody.", "nobody is asked"),
  satisfy: optional(
    choice("all", "any"),
    "Whether clients have to pass both `access` and `auth`, or one of them.",
    "`all`",
  ),
  rate: optional(rateSchema, "How often a client may ask: names of `rate_limits`, or sections.", "no limit"),
  concurrency: optional(
    concurrencySchema,
    "How many requests of a client are answered at the same time: names of `concurrency_limits`, or sections.",
    "no limit",
  ),
  cors: optional(corsSchema, "Whose scripts may read answers, from other sites: a section, or `false`.", "nobody's"),
  security_headers: optional(
    securityHeadersSchema,
    "Fields that tell browsers to be careful, for answers that lack them: `true`, `strict`, or a section.",
    "`false`",
  ),
  cache: optional(
    cacheSchema,
    "Keep answers of apps and upstreams and answer from them (docs/cache.md): `true`, or a section.",
    "`false`",
  ),
  logged: optional(flag, "Write requests to the access logs.", "`true`"),
  access_log: optional(
    accessLogsSchema,
    "Other access logs than those around: a file, a section, a list of these, or `false`.",
    "those around",
  ),
} as const;

export type OptionSettings = z.output<z.ZodObject<typeof optionKeys>>;
export type ErrorPageSettings = z.output<typeof errorPageSchema>;
export type AccessSettings = z.output<typeof accessSchema>;
