import { z } from "zod";
import { fieldValue } from "./header-schema.ts";
import { choice, count, duration, flag, off, pattern } from "./kinds.ts";
import { headerName, TOKEN } from "./name-patterns.ts";
import { oneOrMore, optional, section, withDefault } from "./sections.ts";

const origin = pattern(
  "origin",
  "https://app.example, https://*.example.org or *",
  /^(?:\*|null|[a-z][a-z0-9+.-]*:\/\/(?:\*\.)?(?:[\w-]+(?:\.[\w-]+)*|\[[\da-fA-F:.]+\])(?::\d{1,5})?)$/i,
);

/** Which other sites' scripts may read answers. */
export const corsSchema = z.union([
  off,
  section({
    origins: oneOrMore(origin).describe(
      "Whose scripts may: `https://app.example`, `https://*.example.org` for every name under it, `*` for anybody's.",
    ),
    methods: optional(oneOrMore(pattern("method", "GET", TOKEN)), "Methods that they may use.", "what they ask for"),
    headers: optional(oneOrMore(headerName), "Fields that they may send.", "what they ask for"),
    expose: optional(oneOrMore(headerName), "Fields of answers that they may read besides the usual ones.", "none"),
    credentials: withDefault(flag, false, "Whether they may send cookies and logins; not with origins: `*`."),
    max_age: optional(duration, "How long browsers may keep the answer to a preflight.", "as browsers like, 5 s"),
  }).meta({ id: "cors" }),
]);

const hstsSchema = z.union([
  flag,
  section({
    max_age: withDefault(duration, "365d", "How long browsers go to the site by https alone."),
    subdomains: withDefault(flag, false, "Also to every name under it."),
    preload: withDefault(flag, false, "Ask to be put into browsers' own list; needs a year or more, and subdomains."),
  }).meta({ id: "hsts" }),
]);

const fieldOrOff = z.union([off, fieldValue]);

/** What browsers are told to be careful with. */
export const securityHeadersSchema = z.union([
  flag,
  choice("strict"),
  section({
    nosniff: withDefault(flag, true, "`X-Content-Type-Options: nosniff`."),
    frame: withDefault(choice("sameorigin", "deny", "any"), "sameorigin", "Who may show the site in a frame."),
    referrer: withDefault(fieldOrOff, "strict-origin-when-cross-origin", "`Referrer-Policy`, or `false`."),
    permissions: withDefault(
      fieldOrOff,
      "camera=(), microphone=(), geolocation=()",
      "`Permissions-Policy`, or `false`.",
    ),
    opener: withDefault(
      z.union([off, choice("same-origin", "same-origin-allow-popups", "unsafe-none")]),
      "same-origin-allow-popups",
      "`Cross-Origin-Opener-Policy`, or `false`.",
    ),
    resource: withDefault(
      z.union([off, choice("same-origin", "same-site", "cross-origin")]),
      false,
      "`Cross-Origin-Resource-Policy`, or `false`.",
    ),
    content: withDefault(fieldOrOff, false, "`Content-Security-Policy`, or `false`."),
    hsts: withDefault(hstsSchema, false, "`Strict-Transport-Security`, over TLS alone: `true`, or a section."),
  }).meta({ id: "security_headers" }),
]);

/** `true`, or a section. */
export const httpsRedirectSchema = z.union([
  flag,
  section({
    status: withDefault(choice<301 | 302 | 307 | 308>(301, 302, 307, 308), 308, "Status of the redirect."),
    port: withDefault(count(1, 65_535), 443, "Port of the listener with TLS, as clients know it."),
  }).meta({ id: "https_redirect" }),
]);

export type CorsSettings = z.output<typeof corsSchema>;
export type SecurityHeaderSettings = z.output<typeof securityHeadersSchema>;
export type HttpsRedirectSettings = z.output<typeof httpsRedirectSchema>;
