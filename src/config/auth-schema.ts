import { z } from "zod";
import { choice, duration, flag, off, path, pattern, template, text } from "./kinds.ts";
import { headerName, VARIABLE_NAME } from "./name-patterns.ts";
import { named, oneOrMore, optional, section, withDefault } from "./sections.ts";

/** RFC 7617 §2: no colon; and nothing that would break a line of a log or of the file. */
const USER_NAME = /^[^:\x00-\x1f\x7f]+$/;

const basicSchema = section({
  file: optional(path, "File with users, as `htpasswd -B` writes it; it is read again when it changes.", "none"),
  users: optional(
    named(USER_NAME, "a user's name", text),
    "Users by name, with their hashes: bcrypt, `$apr1$`, `$5$`, `$6$`, `{SHA}` or `{SSHA}`.",
    "none",
  ),
  realm: withDefault(template, "Restricted", "What browsers show when they ask for the password."),
  only: optional(oneOrMore(pattern("user's name", "ann", USER_NAME)), "Users who are let in.", "all of them"),
  pass: withDefault(flag, true, "Whether apps and upstreams get the Authorization field too."),
}).meta({ id: "basic_auth" });

const forwardSchema = section({
  to: template.describe(
    "Who is asked with each request: a path of the site (`/auth`), which may be `internal`; an upstream's name, or a server (`http://127.0.0.1:9000/verify`), as `proxy` has them.",
  ),
  timeout: withDefault(duration, "10s", "For the answer; a check that takes longer ends in 500."),
  copy: optional(
    oneOrMore(headerName),
    "Fields of the answer that the request gets in place of its own, such as `Remote-User`.",
    "none",
  ),
  set: optional(
    named(VARIABLE_NAME, "a name for a variable", template),
    "Variables that are set from the answer, such as `{upstream_http_x_user}`.",
    "none",
  ),
  user: optional(headerName, "Field of the answer with the user's name, for REMOTE_USER and the log.", "none"),
  cookies: withDefault(flag, false, "Whether clients get the cookies that the answer sets."),
  refusal: withDefault(
    choice("status", "answer"),
    "status",
    "What clients get that are not let in: 401 and 403 with our own page (anything else is 500), or the `answer` as it is, such as a redirect to a login.",
  ),
}).meta({ id: "forward_auth" });

/** `false`, or who is asked for a name and a password. */
export const authSchema = z.union([
  off,
  section({
    basic: optional(basicSchema, "Ask for a name and a password (Basic authentication, RFC 7617)."),
    forward: optional(forwardSchema, "Ask another server, or a route, whether the request may go on."),
  }).meta({ id: "auth" }),
]);

export type AuthSettings = z.output<typeof authSchema>;
export type BasicSettings = z.output<typeof basicSchema>;
export type ForwardAuthSettings = z.output<typeof forwardSchema>;
