import { dirname, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { didYouMean } from "../base/did-you-mean.ts";
import type { LogConfig, LogDestination, LogFormatConfig, LogTable } from "./log-model.ts";
import {
  type AccessLogEntry,
  type AccessLogSettings,
  type DestinationSettings,
  FACILITIES,
  type LogFormatSettings,
  SEVERITIES,
} from "./log-schema.ts";
import { LOG_VARIABLES } from "./log-variables.ts";
import type { ResolveContext } from "./resolve-app.ts";
import { resolveCondition } from "./resolve-conditions.ts";
import type { AccessLogConfig } from "./route-model.ts";
import type { Settings } from "./schema.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";

/** NCSA's common format, as Apache calls it. */
const COMMON = '{remote_addr} - {remote_user} [{time_local}] "{request}" {status} {body_bytes_sent}';

const BUILT_IN: ReadonlyMap<string, LogFormatConfig> = new Map<string, LogFormatConfig>([
  ["combined", { kind: "combined" }],
  ["json", { kind: "json" }],
  ["common", { kind: "text", text: COMMON, escape: "default" }],
]);

/** The formats of `log_formats` beside those that are always there. */
export function resolveLogFormats(
  settings: Readonly<Record<string, LogFormatSettings>>,
  scope: TemplateScope,
): LogTable {
  const formats = new Map(BUILT_IN);
  for (const [name, format] of Object.entries(settings)) {
    const at: Path = ["log_formats", name];
    if (BUILT_IN.has(name))
      scope.problems.error(at, `the format ${name} is there already`, { at: "key", remedy: "give it another name" });
    const resolved = resolveFormat(format, at, inLogs(scope));
    if (resolved !== null) formats.set(name, resolved);
  }
  return { formats, files: new Map() };
}

/** `access_log`: the logs that are named there, none for `false`. */
export function resolveAccessLogs(
  settings: AccessLogSettings | undefined,
  at: Path,
  table: LogTable,
  context: ResolveContext & TemplateScope,
): readonly AccessLogConfig[] {
  if (settings === undefined || settings === false) return [];
  const isList = context.problems.isList(at);
  return settings.flatMap((entry, index) => resolveLog(entry, isList ? [...at, index] : at, table, context) ?? []);
}

/** `log`: our own log. */
export function resolveOwnLog(settings: Settings["log"], table: LogTable, context: ResolveContext): LogConfig {
  const { level, format } = settings;
  const { path, syslog, journald } = settings;
  const elsewhere = path !== undefined || syslog !== undefined || journald !== undefined;
  return { level, format, destination: elsewhere ? resolveDestination(settings, ["log"], table, context) : null };
}

// --- internal ---

/** Logs know more variables than what is done before the exchange has ended. */
function inLogs<Scope extends TemplateScope>(scope: Scope): Scope {
  return { ...scope, names: new Set([...scope.names, ...LOG_VARIABLES]) };
}

function resolveFormat(settings: LogFormatSettings, at: Path, scope: TemplateScope): LogFormatConfig | null {
  const { text, json } = settings;
  if ((text === undefined) === (json === undefined)) {
    scope.problems.error(at, "a log format has either text or json", {
      remedy: 'write {text: "{remote_addr} {request} {status}"} or {json: {status: "{status}"}}',
    });
    return null;
  }
  if (text !== undefined) {
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text))
      scope.problems.error([...at, "text"], "a line has no line ends and controls in it");
    return { kind: "text", text: checkTemplate(text, [...at, "text"], scope), escape: settings.escape };
  }
  const fields = Object.entries(json!).map(
    ([key, value]) => [key, checkTemplate(value, [...at, "json", key], scope)] as const,
  );
  return { kind: "fields", fields };
}

function resolveLog(
  entry: AccessLogEntry,
  at: Path,
  table: LogTable,
  context: ResolveContext & TemplateScope,
): AccessLogConfig | null {
  const { problems } = context;
  const destination = isVaried(entry.path)
    ? resolveVaried(entry, entry.path, at, context)
    : resolveDestination(entry, at, table, context);
  const whens = problems.isList([...at, "when"]);
  const conditions = (entry.when ?? []).flatMap(
    (condition, index) =>
      resolveCondition(condition, [...at, "when", ...(whens ? [index] : [])], inLogs(context)) ?? [],
  );
  const format = table.formats.get(entry.format);
  if (format === undefined) {
    const names = [...table.formats.keys()];
    problems.error([...at, "format"], `there is no log format ${entry.format}`, {
      remedy: didYouMean(entry.format, names) ?? `the formats are ${names.join(", ")}; log_formats makes others`,
    });
    return null;
  }
  return { destination, format, conditions };
}

function resolveDestination(
  settings: DestinationSettings,
  at: Path,
  { files }: LogTable,
  { directory, problems, disk }: ResolveContext,
): LogDestination {
  const { path, syslog, journald } = settings;
  const named = (["path", "syslog", "journald"] as const).filter((key) => settings[key] !== undefined);
  if (named.length > 1)
    problems.error([...at, named[1]!], `${named.join(" and ")} exclude each other`, {
      at: "key",
      remedy: "write a list of logs for several places",
    });
  if (journald !== undefined) return { kind: "journald", tag: journald.tag };
  if (syslog !== undefined) return resolveSyslog(syslog, [...at, "syslog"], problems);
  const { rotate_size: rotateSize, rotate_age: rotateAge, rotate_keep: rotateKeep } = settings;
  const destination = {
    kind: "file",
    path: logPath(path ?? "-", directory),
    rotateSize,
    rotateAge,
    rotateKeep,
  } as const;
  if (destination.path !== "-" && !disk.isDirectory(dirname(destination.path)))
    problems.error([...at, "path"], `there is no folder ${dirname(destination.path)}`, {
      remedy: `make it: mkdir -p ${dirname(destination.path)}`,
    });
  const before = files.get(destination.path);
  files.set(destination.path, before ?? destination);
  if (before !== undefined && !isDeepStrictEqual(before, destination))
    problems.error(at, `the file ${destination.path} is rotated in two ways`, {
      remedy: "write the same rotate_size, rotate_age and rotate_keep wherever it is named",
    });
  return destination;
}

function isVaried(path: string | undefined): path is string {
  return path !== undefined && /\{\w+\}/.test(path);
}

/** A path with variables in it: a file for each of their values. */
function resolveVaried(
  settings: DestinationSettings,
  path: string,
  at: Path,
  context: ResolveContext & TemplateScope,
): LogDestination {
  const { problems } = context;
  if (settings.rotate_size > 0 || settings.rotate_age > 0)
    problems.error(
      [...at, settings.rotate_size > 0 ? "rotate_size" : "rotate_age"],
      "files with variables in their path are not rotated here",
      {
        at: "key",
        remedy: "leave them to logrotate",
      },
    );
  for (const key of ["syslog", "journald"] as const)
    if (settings[key] !== undefined) problems.error([...at, key], `path and ${key} exclude each other`, { at: "key" });
  const absolute = path.startsWith("/") ? path : `${context.directory}/${path.replace(/^\.\//, "")}`;
  return { kind: "files", path: checkTemplate(absolute, [...at, "path"], context) };
}

function logPath(written: string, directory: string): string {
  if (/^(?:-|\/dev\/stdout|\/dev\/fd\/1|\/proc\/self\/fd\/1)$/.test(written)) return "-";
  if (/^(?:\/dev\/stderr|\/dev\/fd\/2|\/proc\/self\/fd\/2)$/.test(written)) return "/dev/stderr";
  return resolve(directory, written);
}

function resolveSyslog(
  settings: NonNullable<DestinationSettings["syslog"]>,
  at: Path,
  problems: ResolveContext["problems"],
): LogDestination {
  const { facility, severity, tag } = settings;
  const to = receiverOf(settings.to);
  if (to.kind !== "unix" && (to.port < 1 || to.port > 65_535))
    problems.error([...at, "to"], `${to.port} is not a port`);
  const local = to.kind === "unix";
  return {
    kind: "syslog",
    to,
    facility: FACILITIES.indexOf(facility),
    severity: SEVERITIES.indexOf(severity),
    tag,
    format: settings.format ?? (local ? "rfc3164" : "rfc5424"),
    hostname: settings.hostname ?? !local,
    pid: settings.pid,
  };
}

/** RFC 5426 §3.3 and RFC 6587 §3.2 (601 is registered for TCP, 514 is what is used) for the ports that are left out. */
function receiverOf(written: string): Extract<LogDestination, { kind: "syslog" }>["to"] {
  if (written.startsWith("unix:")) return { kind: "unix", path: written.slice("unix:".length) };
  const match = /^(udp|tcp):(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(written)!;
  const [, kind, host, port] = match;
  return { kind: kind as "udp" | "tcp", host: host!.replace(/^\[|\]$/g, ""), port: Number(port ?? 514) };
}
