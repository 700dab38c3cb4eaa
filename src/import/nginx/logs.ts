import { describePlace } from "../../base/errors.ts";
import type { Plain } from "../tree.ts";
import { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { compact, isSame, sectionOf } from "./values.ts";

/** Names of formats that are always there: one of the same name gets another. */
const TAKEN = new Set(["combined", "common", "json"]);
const LEVELS: Readonly<Record<string, string>> = { debug: "debug", info: "info", notice: "info", warn: "warn" };
const FACILITIES = /^(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7])$/;

/** `log_formats`, `access_log` and `log` of the top level. */
export function topLogs(
  main: Scope | null,
  http: Scope | null,
  servers: readonly Scope[],
  t: Translation,
): { readonly log_formats?: Plain; readonly access_log?: unknown; readonly log?: Plain } {
  const general = generalLogs(http, servers);
  return compact({
    log_formats: logFormats(http, t),
    access_log: general === null ? undefined : logsOf(general, http, t),
    log: errorLog(main, http, servers, t),
  });
}

/** The access logs of a level that are not those of the whole instance: `false` where it has none; undefined: they are the same. */
export function logsAt(scope: Scope, t: Translation): { readonly logged?: boolean; readonly access_log?: unknown } {
  const found = scope.nearest("access_log");
  if (found.length === 0) return {};
  const { http, servers } = outermostOf(scope);
  const general = generalLogs(http, servers);
  const logs = logsOf(found, http, t);
  if (logs === false) return { logged: false };
  return general !== null && isSame(logs, logsOf(general, http, t)) ? {} : { access_log: logs };
}

// --- internal ---

function outermostOf(scope: Scope): { readonly http: Scope | null; readonly servers: readonly Scope[] } {
  const http = scope.within("http");
  if (http === null) return { http: null, servers: [scope.within("server") ?? scope] };
  const servers = http.own("server").map((block) => new Scope("server", block.block ?? [], http, block));
  return { http, servers };
}

/** What holds for everything: the logs of the http level, or those that all servers have alike. */
function generalLogs(http: Scope | null, servers: readonly Scope[]): readonly Directive[] | null {
  const own = http?.own("access_log") ?? [];
  if (own.length > 0) return own;
  const [first, ...others] = servers.map((server) => server.own("access_log"));
  if (first === undefined || first.length === 0) return null;
  const words = (logs: readonly Directive[]): unknown => logs.map((log) => textsOf(log));
  return others.every((logs) => isSame(words(logs), words(first))) ? first : null;
}

function logsOf(directives: readonly Directive[], http: Scope | null, t: Translation): unknown {
  const logs: unknown[] = [];
  for (const directive of directives) {
    const log = accessLog(directive, http, t);
    if (log !== null && !logs.some((other) => isSame(other, log))) logs.push(log);
  }
  return logs.length === 0 ? false : logs.length === 1 ? logs[0] : logs;
}

/** One log as it may be written: its path, or a section; null: it is off. */
function accessLog(directive: Directive, http: Scope | null, t: Translation): unknown {
  t.ledger.claim(directive);
  const [where = "", ...words] = textsOf(directive);
  if (where === "off") return null;
  const options = words.filter((word) => /^(?:if|gzip|buffer|flush)\b/.test(word));
  const name = words.find((word) => !options.includes(word)) ?? "combined";
  for (const option of options) noteOption(directive, option, t);
  const known = name === "combined" || (http?.own("log_format") ?? []).some((format) => firstOf(format) === name);
  if (!known && t.isWhole) t.refuse(directive, `unknown log format "${name}"`);
  else if (!known)
    t.ledger.claim(
      directive,
      "approximated",
      `lines are combined: the format ${name} is set in another file; give it too`,
    );
  const condition = options.find((option) => option.startsWith("if="))?.slice("if=".length);
  const more = compact({
    format: name === "combined" || !known ? undefined : formatName(name),
    when: condition === undefined ? undefined : { value: t.template(directive, condition) },
  });
  if (where.startsWith("syslog:")) return { syslog: syslog(directive, where.slice("syslog:".length), t), ...more };
  const path = logPath(directive, where, t);
  return Object.keys(more).length === 0 ? path : { path, ...more };
}

function noteOption(directive: Directive, option: string, t: Translation): void {
  if (option.startsWith("gzip")) t.ledger.claim(directive, "approximated", "lines are written uncompressed");
  else if (/^(?:buffer|flush)/.test(option))
    t.ledger.claim(directive, "mapped", "lines are always written together, within a second");
}

function logPath(directive: Directive, where: string, t: Translation): string {
  if (where.startsWith("memory:")) {
    t.ledger.claim(directive, "approximated", "there is no ring in memory: lines go to stdout");
    return "-";
  }
  if (/^\/dev\/(?:stdout|fd\/1)$/.test(where)) return "-";
  const path = t.template(directive, where);
  if (/\{\w+\}/.test(path.replace(/\$\{\w+\}/g, "")))
    t.ledger.claim(
      directive,
      "mapped",
      "what a client sends becomes a part of the name without slashes; 1000 files at most",
    );
  return t.path(directive, path);
}

/** `server=ADDRESS[,facility=F][,tag=T][,severity=S][,nohostname]`. */
function syslog(directive: Directive, text: string, t: Translation): unknown {
  const options = text.split(",").map((option) => option.split("=", 2) as [string, string?]);
  const value = (name: string): string | undefined => options.find(([key]) => key === name)?.[1];
  const server = value("server") ?? "";
  const to = server.startsWith("unix:") ? server : `udp:${/:\d+$/.test(server) ? server : `${server}:514`}`;
  const facility = value("facility");
  if (facility !== undefined && !FACILITIES.test(facility))
    t.ledger.claim(directive, "approximated", `the facility is local7, not ${facility}`);
  t.placeholders(directive, server);
  return compact({
    to,
    format: "rfc3164",
    tag: value("tag") ?? "nginx",
    facility: facility !== undefined && FACILITIES.test(facility) ? facility : undefined,
    severity: value("severity"),
    hostname: !options.some(([key]) => key === "nohostname"),
    pid: false,
  });
}

function formatName(name: string): string {
  const plain = name.replace(/[^\w-]/g, "_").replace(/^(?=[^A-Za-z_])/, "_");
  return TAKEN.has(plain) ? `${plain}_nginx` : plain;
}

function logFormats(http: Scope | null, t: Translation): Plain | undefined {
  const formats: Plain = {};
  for (const directive of http?.own("log_format") ?? []) {
    const [name = "", ...rest] = textsOf(directive);
    const how = /^escape=(default|json|none)$/.exec(rest[0] ?? "")?.[1];
    const words = (how === undefined ? rest : rest.slice(1)).join("");
    // What is compressed and what comes of it is not known then.
    const text = t.template(
      directive,
      words.replace(/\$(?:gzip_ratio\b|\{gzip_ratio\})/g, how === undefined ? "-" : ""),
    );
    t.ledger.claim(directive);
    // A line has no line ends within: what stands in the text would make several of one.
    const line = text.replace(/[\r\n]+/g, " ");
    if (line !== text) t.ledger.claim(directive, "approximated", "line ends in it are spaces");
    if (how === "none")
      t.ledger.claim(directive, "mapped", "controls are escaped all the same, so that a line stays one");
    formats[formatName(name)] = how === undefined || how === "default" ? line : { text: line, escape: how };
  }
  return sectionOf(formats);
}

/** There is one log for the whole instance: that of the outermost level that names one. */
function errorLog(
  main: Scope | null,
  http: Scope | null,
  servers: readonly Scope[],
  t: Translation,
): Plain | undefined {
  const levels = [main, http].filter((level) => level !== null);
  const chosen = levels.flatMap((level) => level.own("error_log")).at(0) ?? null;
  for (const directive of [...levels, ...servers].flatMap((level) => level.own("error_log"))) {
    if (chosen === null) t.ledger.claim(directive, "approximated", "Propylon's own log goes to stderr");
    else if (directive === chosen) t.ledger.claim(directive);
    else if (textsOf(directive).join(" ") !== textsOf(chosen).join(" "))
      t.ledger.claim(directive, "approximated", `there is one log, that of ${describePlace(chosen.place)}`);
    else t.ledger.claim(directive);
  }
  if (chosen === null) return undefined;
  const [where = "stderr", level = "error"] = textsOf(chosen);
  const ours = LEVELS[level];
  if (ours === undefined)
    t.ledger.claim(chosen, "approximated", "the level stays info: what the apps print is in this log too");
  if (where.startsWith("memory:"))
    t.ledger.claim(chosen, "approximated", "there is no ring in memory: it goes to stderr");
  const place = where.startsWith("syslog:")
    ? { syslog: syslog(chosen, where.slice("syslog:".length), t) }
    : /^(?:stderr$|memory:|\/dev\/(?:stderr|fd\/2)$)/.test(where)
      ? {}
      : { path: t.path(chosen, where) };
  return sectionOf({ level: ours === "info" ? undefined : ours, ...place });
}
