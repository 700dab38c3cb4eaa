import { z } from "zod";
import { choice, count, duration, flag, off, path, template, text } from "./kinds.ts";
import { headerName, urlPath } from "./name-patterns.ts";
import { resolverSchema } from "./resolver-schema.ts";
import { list, named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

/** What leads to the next target; model.ts says what each is. */
const RETRIES = [
  "error",
  "timeout",
  "invalid-header",
  "500",
  "502",
  "503",
  "504",
  "403",
  "404",
  "429",
  "non-idempotent",
] as const;

const retrySchema = section({
  on: withDefault(
    oneOrMore(choice(...RETRIES)),
    ["error", "timeout"],
    "What leads to the next target: no connection, a timeout, an answer that is none, or one of these statuses. A request that may have been begun is sent again only if its method is idempotent, or with `non-idempotent`.",
  ),
  tries: withDefault(count(0), 0, "Tries in all; 0 for as many as there are targets."),
  timeout: withDefault(duration, 0, "Time for all tries together; 0 for no limit."),
}).meta({ id: "retry" });

const scriptSchema = section({
  index: optional(
    text,
    "File name that `{fastcgi_script_name}` has at its end where the path ends in a slash.",
    "none, so that the slash stays",
  ),
  split: optional(
    text,
    "JavaScript regular expression with two groups: what of the path is `{fastcgi_script_name}`, and what `{fastcgi_path_info}`.",
    "all of it is the script's name",
  ),
}).meta({ id: "fastcgi_script" });

const tlsSchema = section({
  verify: withDefault(flag, true, "Refuse a server whose certificate is not valid for its name."),
  ca: optional(path, "PEM file of the authorities that are trusted.", "the system's"),
  name: optional(template, "Name that is asked for and that the certificate has to be valid for.", "the target's host"),
  crl: optional(path, "PEM file of certificates that were revoked."),
  certificate: optional(path, "PEM file of our own certificate, for servers that ask for one."),
  key: optional(path, "PEM file of its private key."),
}).meta({ id: "proxy_tls" });

const cookieSchema = section({
  from: template.describe(
    "What the attribute begins with (a path) or is (a domain); with `~` in front a JavaScript regular expression, with `~*` one for any case.",
  ),
  to: template.describe("What stands there for the client."),
}).meta({ id: "cookie_rewrite" });

const proxyKeys = section({
  to: template.describe(
    "An upstream's name, or a server: `http://127.0.0.1:8080`, `https://host`, `uwsgi://127.0.0.1:3031`, `fastcgi://...`, `scgi://...`, `http://unix:/run/a.sock`. Variables may stand in it. A path at its end means what `path` means.",
  ),
  resolver: optional(
    resolverSchema,
    "Name servers that know the addresses of names which variables in `to` come to.",
    "the system",
  ),
  path: optional(
    template,
    "Path that takes the place of `strip` at the front of the request's.",
    "the request's path goes on unchanged",
  ),
  strip: optional(
    z.union([choice("all", "all-and-query"), urlPath]),
    "What `path` takes the place of; `all` for the whole path, `all-and-query` for the query as well.",
    "the route's own path; all of it with `regex`",
  ),
  host: optional(
    template,
    "Value of the Host field; `{proxy_host}` is the upstream's own.",
    "the client's, with its port",
  ),
  forwarded: withDefault(
    flag,
    true,
    "Say in X-Forwarded-For, -Proto, -Host and Forwarded who asks; what the client wrote there is dropped.",
  ),
  method: optional(template, "Method of the upstream's request.", "the client's"),
  body: optional(
    z.union([off, template]),
    "Body of the upstream's request in place of the client's; `false` for none.",
    "the client's",
  ),
  pass_headers: withDefault(
    z.union([flag, oneOrMore(headerName)]),
    true,
    "Header fields of the request that go on, as `request_headers` left them: all, none (`false`), or those of these names.",
  ),
  parameters: optional(
    named(/^[^=\0\s]+$/, "a name for a parameter", template),
    "Parameters of a uwsgi, FastCGI or SCGI request, all of them; request headers follow as `HTTP_*`.",
    "those that CGI names",
  ),
  script: optional(scriptSchema, "How a FastCGI request's path becomes the name of a script and what follows it."),
  buffering: withDefault(flag, true, "Collect the response, so that a slow client doesn't hold the upstream."),
  request_buffering: withDefault(flag, true, "Collect the request's body before the upstream is asked."),
  request_trailers: withDefault(
    flag,
    true,
    "Pass the fields behind a request's body on to HTTP upstreams, those that a header section would not be believed for left out.",
  ),
  connect_timeout: withDefault(duration, "10s", "For a connection to the upstream."),
  send_timeout: withDefault(duration, "60s", "Between two successful writes of the request."),
  read_timeout: withDefault(duration, "60s", "Between two reads of the response."),
  retry: withDefault(
    z.union([off.transform(() => ({ on: [], tries: 0, timeout: 0 })), retrySchema]),
    {},
    "When and how often another target is tried; `false` for never.",
  ),
  redirects: withDefault(
    z.union([
      off,
      choice("default"),
      list(
        z.union([
          choice("default"),
          section({
            from: template.describe(
              "What Location and Refresh begin with; with `~` in front a JavaScript regular expression, with `~*` one for any case.",
            ),
            to: template.describe("What they begin with for the client."),
          }).meta({ id: "redirect_rewrite" }),
        ]),
      ),
    ]),
    "default",
    "How redirects of the upstream are rewritten: `default` makes its own address that of the route; a list has what to look for in order, `default` among it or not; `false` leaves them.",
  ),
  cookies: optional(
    section({
      paths: optional(list(cookieSchema), "Rewrites of the Path attribute; the first that fits."),
      domains: optional(list(cookieSchema), "Rewrites of the Domain attribute; the first that fits."),
      flags: optional(
        list(
          section({
            name: template.describe(
              "The cookie's name; with `~` in front a JavaScript regular expression, with `~*` one for any case.",
            ),
            set: oneOrMore(template).describe(
              "`secure`, `httponly`, `samesite=strict|lax|none`; `nosecure`, `nohttponly`, `nosamesite` take them away.",
            ),
          }).meta({ id: "cookie_flags" }),
        ),
        "Attributes that cookies get or lose; the first whose name fits.",
      ),
    }).meta({ id: "proxy_cookies" }),
    "How cookies of the upstream are rewritten.",
    "unchanged",
  ),
  hide: optional(oneOrMore(headerName), "Response fields that clients don't get.", "none"),
  underscores: withDefault(
    flag,
    false,
    "Pass on the fields of clients that have other characters than letters, digits and `-` in their names; to many servers `X_Real_IP` is `X-Real-IP`.",
  ),
  keep_connections: withDefault(
    flag,
    true,
    "Keep connections for further requests, as many as the upstream's `keepalive` says; `false` for programs that serve one connection at a time.",
  ),
  upgrade: withDefault(flag, true, "Pass WebSocket and other upgrades on."),
  tunnel: withDefault(
    section({
      idle: optional(duration, "Without a byte either way.", "`read_timeout`"),
      lifetime: withDefault(duration, 0, "In all; 0 for no limit."),
    }).meta({ id: "tunnel" }),
    {},
    "How long connections last that were upgraded (WebSocket).",
  ),
  accel: withDefault(
    flag,
    true,
    "Let the upstream answer with an internal route, by `X-Accel-Redirect`, and say how fast its answer goes out, by `X-Accel-Limit-Rate`.",
  ),
  tls: optional(tlsSchema, "How an https upstream is spoken to."),
}).meta({ id: "proxy" });

/** An upstream's name or a URL, or a section. */
export const proxySchema = shorthand(template, (to) => ({ to }), proxyKeys);

export type ProxySettings = z.output<typeof proxyKeys>;
