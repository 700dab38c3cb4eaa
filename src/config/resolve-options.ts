import { resolve } from "node:path";
import { parseExpiry } from "../base/expiry-time.ts";
import { resolveCharset } from "./charset-schema.ts";
import { checkRange } from "./check-range.ts";
import { bareName } from "./collect-names.ts";
import { resolveCompress } from "./compress-schema.ts";
import type { AccessSettings, ErrorPageSettings, OptionSettings } from "./options-schema.ts";
import { resolveBandwidth } from "./resolve-bandwidth.ts";
import { resolveCache } from "./resolve-cache.ts";
import { resolveRequestHeaders, resolveResponseHeaders } from "./resolve-headers.ts";
import { resolveAccessLogs } from "./resolve-logs.ts";
import { NO_POLICY, resolvePolicy } from "./resolve-policy.ts";
import type { RouteContext } from "./route-context.ts";
import type { AccessConfig, ErrorPageConfig, RouteOptions } from "./route-model.ts";
import { checkRouteName } from "./route-names.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate } from "./template-check.ts";

/** What holds where neither the site nor the route says something. */
export const NO_OPTIONS: RouteOptions = {
  requestHeaders: [],
  responseHeaders: [],
  expires: null,
  errors: [],
  intercept: false,
  locations: null,
  access: [],
  bodyLimit: null,
  bandwidth: { rate: 0, after: 0 },
  logged: true,
  accessLog: null,
  compress: null,
  charset: null,
  cache: null,
  policy: NO_POLICY,
};

/** A route's options, or a site's: each that is written replaces the one around, as a whole. */
export function resolveOptions(
  settings: OptionSettings,
  at: Path,
  around: RouteOptions,
  context: RouteContext,
): RouteOptions {
  const { request_headers, response_headers, errors, access } = settings;
  return {
    requestHeaders:
      request_headers === undefined
        ? around.requestHeaders
        : resolveRequestHeaders(request_headers, [...at, "request_headers"], context),
    responseHeaders:
      response_headers === undefined
        ? around.responseHeaders
        : resolveResponseHeaders(response_headers, [...at, "response_headers"], context),
    expires:
      settings.expires === undefined ? around.expires : resolveExpires(settings.expires, [...at, "expires"], context),
    errors: errors === undefined ? around.errors : resolveErrors(errors, [...at, "errors"], context),
    intercept: settings.intercept ?? around.intercept,
    locations: settings.locations ?? around.locations,
    access: access === undefined ? around.access : resolveAccess(access, [...at, "access"], context),
    bodyLimit: settings.limits?.body ?? around.bodyLimit,
    bandwidth: resolveBandwidth(settings.limits ?? {}, [...at, "limits"], around.bandwidth, context),
    logged: settings.logged ?? around.logged,
    accessLog:
      settings.access_log === undefined
        ? around.accessLog
        : resolveAccessLogs(settings.access_log, [...at, "access_log"], context.logs, context),
    compress: settings.compress === undefined ? around.compress : resolveCompress(settings.compress),
    charset: settings.charset === undefined ? around.charset : resolveCharset(settings.charset),
    cache: settings.cache === undefined ? around.cache : resolveCache(settings.cache, [...at, "cache"], context),
    policy: resolvePolicy(settings, at, around.policy, context),
  };
}

function resolveExpires(written: string, at: Path, context: RouteContext): string | null {
  if (written === "off") return null;
  if (!/\{\w+\}/.test(written) && parseExpiry(written) === null)
    context.problems.error(at, `"${written}" says not how long`, {
      remedy: "write a time such as 30d, modified 1h, @15h30m, max, epoch or off",
    });
  return checkTemplate(written, at, context);
}

function resolveErrors(
  errors: Readonly<Record<string, ErrorPageSettings>>,
  at: Path,
  context: RouteContext,
): readonly ErrorPageConfig[] {
  const seen = new Set<string>();
  const written = Object.entries(errors).map(([key, page]) => {
    const words = key.split(/\s+/);
    for (const word of words) {
      if (seen.has(word)) context.problems.error([...at, key], `${word} has two answers`, { at: "key" });
      seen.add(word);
    }
    return { words, page, at: [...at, key] };
  });
  // A class covers what no other entry names.
  return written.flatMap(({ words, page, at: where }) => {
    const answer = resolveAnswer(page, where, context);
    const statuses = words.flatMap((word) =>
      word.endsWith("xx") ? classOf(word).filter((status) => !seen.has(String(status))) : [Number(word)],
    );
    return answer === null ? [] : [{ statuses, answer, status: page.status ?? null }];
  });
}

/** Without 304, which says that there is nothing to send. */
function classOf(word: string): readonly number[] {
  return Array.from({ length: 100 }, (_, index) => Number(word[0]) * 100 + index).filter((status) => status !== 304);
}

function resolveAnswer(page: ErrorPageSettings, at: Path, context: RouteContext): ErrorPageConfig["answer"] | null {
  const { problems } = context;
  const kinds = (["file", "path", "route", "redirect"] as const).filter((kind) => page[kind] !== undefined);
  if (kinds.length !== 1) {
    problems.error(
      at,
      kinds.length === 0 ? "nothing answers this error" : `${kinds.join(" and ")} exclude each other`,
      {
        at: "key",
        remedy: "give it one of file, path, route and redirect",
      },
    );
    return null;
  }
  if (page.file !== undefined) return resolveFile(page.file, at, context);
  if (page.route !== undefined) {
    checkRouteName(bareName(page.route), [...at, "route"], context);
    return { kind: "route", name: bareName(page.route) };
  }
  if (page.redirect !== undefined) {
    checkLine(page.redirect, [...at, "redirect"], context);
    return { kind: "redirect", to: checkTemplate(page.redirect, [...at, "redirect"], context) };
  }
  const to = checkTemplate(page.path!, [...at, "path"], context);
  if (!/^[/{]/.test(to))
    problems.error([...at, "path"], `"${to}" is not a path of the site`, { remedy: `write /${to}` });
  return { kind: "path", to };
}

/** The short form has several things that it could be taken for. */
function resolveFile(written: string, at: Path, context: RouteContext): ErrorPageConfig["answer"] {
  const path = resolve(context.directory, written);
  const where = [...at, "file"];
  if (written.startsWith("@"))
    context.problems.error(where, `"${written}" is a route, not a file`, {
      remedy: `write {route: ${written.slice(1)}}`,
    });
  else if (/^\w+:\/\//.test(written))
    context.problems.error(where, `"${written}" is a URL, not a file`, { remedy: `write {redirect: "${written}"}` });
  else if (!context.disk.isFile(path)) {
    const remedy = written.startsWith("/") ? { remedy: `for a path of the site write {path: ${written}}` } : {};
    context.problems.error(where, `there is no file ${path}`, remedy);
  }
  return { kind: "file", path };
}

/** Adds a problem for a URL that would not stay on its line, or that is empty. */
export function checkLine(to: string, at: Path, { problems }: Pick<RouteContext, "problems">): void {
  if (to === "" || /[\s\x00-\x1f\x7f]/.test(to)) problems.error(at, `"${to}" is not a URL or path`);
}

function resolveAccess(entries: readonly AccessSettings[], at: Path, context: RouteContext): readonly AccessConfig[] {
  return entries.flatMap(({ allow, deny }, index) => {
    const where = [...at, index];
    if ((allow === undefined) === (deny === undefined))
      context.problems.error(where, "an entry either allows or denies", {
        remedy: "write {allow: 10.0.0.0/8} or {deny: all}",
      });
    const key = allow === undefined ? "deny" : "allow";
    return (allow ?? deny ?? []).map((range) => ({
      allow: allow !== undefined,
      range: checkRange(range, [...where, key], context),
    }));
  });
}
