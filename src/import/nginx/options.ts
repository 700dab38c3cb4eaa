import { describePlace } from "../../base/errors.ts";
import type { Plain } from "../tree.ts";
import { accessAt } from "./access.ts";
import { bandwidthAt } from "./bandwidth.ts";
import { compressAt } from "./compress.ts";
import { expiresOfRoute } from "./expires.ts";
import { responseHeaders } from "./headers.ts";
import { limitsAt } from "./limits.ts";
import { logsAt } from "./logs.ts";
import { locationsAt } from "./returns.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { sizeOf, sizeText } from "./units.ts";
import { compact, isSame, sectionOf } from "./values.ts";

/** What may stand at a site and at its routes, as it is in effect at a level. */
export function optionsAt(scope: Scope, t: Translation): Plain {
  return compact({
    locations: locationsAt(scope, t),
    response_headers: responseHeaders(scope, t),
    expires: expiresOfRoute(scope, t),
    errors: errorPages(scope, t),
    ...accessAt(scope, t),
    ...limitsAt(scope, t),
    compress: compressAt(scope, t),
    limits: { ...bodyLimit(scope, t), ...bandwidthAt(scope, t) },
    ...logsAt(scope, t),
  });
}

/** The options that differ from those of the levels that they would be taken from. */
export function differing(own: Plain, outer: readonly Plain[]): Plain {
  const result: Plain = {};
  for (const [key, value] of Object.entries(own))
    if (outer.some((options) => !isSame(options[key], value))) result[key] = value;
  for (const options of outer)
    for (const key of Object.keys(options))
      if (own[key] === undefined && NOTHING[key] !== undefined) result[key] = NOTHING[key];
  return result;
}

// --- internal ---

/** How a route says that it has nothing of what its site has. */
const NOTHING: Plain = {
  expires: "off",
  locations: "absolute",
  access: [],
  auth: false,
  satisfy: "all",
  rate: [],
  concurrency: [],
  compress: false,
  logged: true,
};

function errorPages(scope: Scope, t: Translation): Plain | undefined {
  const pages: Record<string, unknown> = {};
  const seen = new Set<string>();
  const own = scope.own("error_page");
  const outer = scope.parent?.nearest("error_page") ?? [];
  if (own.length > 0 && outer.length > 0)
    t.ledger.claim(
      own[0]!,
      "mapped",
      `as this level has its own, those of the level around it don't apply here (${describePlace(outer[0]!.place)})`,
    );
  for (const directive of scope.nearest("error_page")) {
    t.ledger.claim(directive);
    const words = textsOf(directive);
    const to = words.pop()!;
    const equals = words.at(-1)?.startsWith("=") === true ? words.pop()! : null;
    const statuses = words.filter((word) => isStatus(word, directive, t) && !seen.has(word));
    for (const word of statuses) seen.add(word);
    if (statuses.length === 0) continue;
    pages[statuses.join(" ")] = errorPage(directive, to, equals, t);
  }
  return sectionOf(pages);
}

function isStatus(word: string, directive: Directive, t: Translation): boolean {
  if (!/^[3-5]\d\d$/.test(word)) {
    t.refuse(directive, `value "${word}" must be between 300 and 599`);
    return false;
  }
  if (/^49[4-7]$/.test(word)) {
    t.ledger.claim(directive, "approximated", `answers with ${word} go to the client as they are`);
    return false;
  }
  return true;
}

function errorPage(directive: Directive, to: string, equals: string | null, t: Translation): Plain {
  const code = equals === null || equals === "=" ? null : Number(equals.slice(1));
  const status = equals === null ? undefined : code === null ? "answer" : code;
  if (to.startsWith("@")) return compact({ route: routeName(to), status });
  if (to.startsWith("/") || !/^(?:https?:\/\/|\$scheme|\$\{?\w+\}?:\/\/)/.test(to))
    return compact({ path: t.template(directive, to), status });
  const redirect = t.template(directive, to);
  if (status !== undefined && status !== "answer" && (status < 300 || status > 399))
    t.ledger.claim(directive, "approximated", "NGINX redirects with 302, whatever is written after the =");
  return compact({
    redirect,
    status: typeof status === "number" && status >= 300 && status < 400 ? status : undefined,
  });
}

/** A named location's name as routes may have it. */
export function routeName(written: string): string {
  return `@${written.slice(1).replace(/[^\w.:-]/g, "_")}`;
}

function bodyLimit(scope: Scope, t: Translation): Plain {
  const directive = scope.one("client_max_body_size");
  if (directive === null) return { body: "1MB" };
  t.ledger.claim(directive);
  t.placeholders(directive, firstOf(directive));
  const text = firstOf(directive);
  // What a template still has to fill in is noted by now.
  return { body: sizeOf(text) === null && !text.includes("${") ? "1MB" : sizeText(text) };
}
