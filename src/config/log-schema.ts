import { z } from "zod";
import { conditionSchema } from "./condition-schema.ts";
import { choice, count, duration, flag, off, path, pattern, size, template } from "./kinds.ts";
import { named, oneOrMore, optional, section, shorthand, withDefault } from "./sections.ts";

export const FACILITIES = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"],
  ...["ntp", "security", "console", "clock"],
  ...["local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
] as const;

export const SEVERITIES = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"] as const;

const tag = pattern("name for log messages", "propylon", /^[\w./-]{1,48}$/);
const receiver = pattern(
  "receiver of log messages",
  "unix:/dev/log, udp:192.0.2.1:514 or tcp:[2001:db8::1]:601",
  /^(?:unix:\S+|(?:udp|tcp):(?:\[[\da-fA-F:.]+\]|[^\s:]+)(?::\d{1,5})?)$/,
);

const syslogSchema = section({
  to: withDefault(receiver, "unix:/dev/log", "Who takes messages: a Unix socket, or `udp:HOST:PORT`, `tcp:HOST:PORT`."),
  facility: withDefault(choice(...FACILITIES), "local7", "Facility of the messages."),
  severity: withDefault(choice(...SEVERITIES), "info", "Severity of access log messages; our own log has levels."),
  tag: withDefault(tag, "propylon", "Name that the messages carry."),
  format: optional(choice("rfc5424", "rfc3164"), "Form of a message.", "`rfc3164` for Unix sockets, else `rfc5424`"),
  hostname: optional(flag, "Whether messages name this host.", "`false` for Unix sockets, else `true`"),
  pid: withDefault(flag, true, "Whether messages name the process: `propylon[123]:`."),
}).meta({ id: "syslog" });

const journalSchema = section({ tag: withDefault(tag, "propylon", "SYSLOG_IDENTIFIER of the entries.") }).meta({
  id: "journald",
});

/** Where lines go, for the access log and for our own. */
export const destinationKeys = {
  path: optional(
    path,
    "File to append to, or `-` for stdout. One of `path`, `syslog` and `journald`. Of access logs: variables of the request may stand in it.",
    "`-`",
  ),
  rotate_size: withDefault(size, "0", "A larger file is set aside and a new one begun; 0 for never."),
  rotate_age: withDefault(duration, "0s", "The same for an older file, such as `1d`; 0 for never."),
  rotate_keep: withDefault(count(1, 1000), 10, "How many older files are kept, as `PATH.1`, `PATH.2` and so on."),
  syslog: optional(
    shorthand(receiver, (to) => ({ to }), syslogSchema),
    "Send lines to syslog: `unix:/dev/log`, `udp:HOST:PORT`, `tcp:HOST:PORT`, or a section.",
    "none",
  ),
  journald: optional(
    z.union([flag.transform((on) => (on ? { tag: "propylon" } : undefined)), journalSchema]),
    "Send lines to the journal of systemd: `true`, or a section.",
    "`false`",
  ),
} as const;

export type DestinationSettings = z.output<z.ZodObject<typeof destinationKeys>>;

const accessLogSchema = section({
  ...destinationKeys,
  format: withDefault(
    pattern("name of a log format", "combined", /^[A-Za-z_][\w-]*$/),
    "combined",
    "Format of a line: `combined` as NGINX and Apache write it, `common`, `json`, or one of `log_formats`.",
  ),
  when: optional(
    oneOrMore(conditionSchema),
    "Conditions that have to hold once the exchange has ended, for a line to be written.",
    "every exchange",
  ),
}).meta({ id: "access_log" });

export type AccessLogEntry = z.output<typeof accessLogSchema>;

const fromPath = (where: string): AccessLogEntry => accessLogSchema.parse({ path: where });

/** `access_log`, at the top, at a site and at a route. */
export const accessLogsSchema = z.union([
  off,
  path.transform((where) => [fromPath(where)]),
  accessLogSchema.transform((entry) => [entry]),
  z.array(z.union([path.transform(fromPath), accessLogSchema])),
]);

export type AccessLogSettings = z.output<typeof accessLogsSchema>;

const formatSchema = section({
  text: optional(template, "The line, with variables in braces. One of `text` and `json`."),
  json: optional(
    named(/^[^\x00-\x1f"\\]{1,100}$/, "a key for JSON", template),
    "Keys and values of a JSON object; a value that is one numeric variable is written as a number.",
  ),
  escape: withDefault(
    choice("default", "json", "none"),
    "default",
    "With `text`, what becomes of values: `default` writes quotes, backslashes, controls and what is not ASCII as `\\xHH`, `json` as JSON strings do, `none` escapes controls alone.",
  ),
}).meta({ id: "log_format" });

/** `log_formats`. */
export const logFormatsSchema = named(
  /^[A-Za-z_][\w-]*$/,
  "a name for a log format",
  shorthand(template, (text) => ({ text }), formatSchema),
);

export type LogFormatSettings = z.output<typeof formatSchema>;
