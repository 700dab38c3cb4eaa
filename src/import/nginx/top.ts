import { describePlace } from "../../base/errors.ts";
import type { Plain } from "../tree.ts";
import { limitZones } from "./limits.ts";
import { topLogs } from "./logs.ts";
import { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, firstOf, textsOf } from "./tree.ts";
import { durationText, sizeOf, sizeText } from "./units.ts";
import { compact, sectionOf } from "./values.ts";

/** NGINX's directive, our key under `timeouts`, and NGINX's default. */
const TIMEOUTS = [
  ["client_header_timeout", "head", "60s"],
  ["client_body_timeout", "body", "60s"],
  ["keepalive_timeout", "idle", "75s"],
  ["send_timeout", "write", "60s"],
] as const;

/** What holds for the whole instance: accounts, timeouts, limits, the access log. */
export function topSettings(main: Scope | null, http: Scope | null, servers: readonly Scope[], t: Translation): Plain {
  const levels = [...(http === null ? [] : [http]), ...servers.flatMap(within)];
  return compact({
    ...account(main, t),
    timeouts: timeouts(levels, t),
    limits: headLimits(levels, t),
    ...topLogs(main, http, servers, t),
    ...(http === null ? {} : limitZones(http, t)),
  });
}

// --- internal ---

/** A server and the levels inside of it. */
function within(scope: Scope): Scope[] {
  const inner = scope.directives.filter((one) => one.name === "location" || one.name === "if");
  return [scope, ...inner.flatMap((one) => within(new Scope("location", one.block ?? [], scope, one)))];
}

function account(main: Scope | null, t: Translation): Plain {
  const user = main?.one("user") ?? null;
  if (user === null) return {};
  t.ledger.claim(user);
  const [name, group] = textsOf(user);
  t.placeholders(user, name!);
  return compact({ user: name, group });
}

/** One value for the instance: the first that is written, outermost level first. */
function timeouts(levels: readonly Scope[], t: Translation): Plain | undefined {
  const result: Plain = {};
  for (const [name, key, usual] of TIMEOUTS) {
    const value = single(levels, name, t);
    if (value === null) {
      if (t.isWhole) result[key] = durationText(usual);
      continue;
    }
    const text = firstOf(value);
    if (name === "keepalive_timeout" && /^0s?$/.test(text)) {
      t.ledger.claim(value, "approximated", "connections are closed after a second without a request");
      result[key] = "1s";
    } else result[key] = durationText(text);
    if (value.args.length > 1) t.ledger.claim(value, "approximated", "no Keep-Alive field is sent");
  }
  return sectionOf(result);
}

function headLimits(levels: readonly Scope[], t: Translation): Plain | undefined {
  const requests = single(levels, "keepalive_requests", t);
  const most = requests === null ? {} : { requests_per_connection: Number(firstOf(requests)) };
  const buffers = single(levels, "large_client_header_buffers", t);
  const [count, size] = buffers === null ? [] : textsOf(buffers);
  const bytes = sizeOf(size ?? "");
  if (bytes === null) return sectionOf(most);
  t.ledger.claim(buffers!, "mapped", "one buffer is the longest request line, all together are the longest head");
  return { ...most, request_line: sizeText(size!), header_size: sizeText(String(bytes * Number(count))) };
}

/** The directive in effect for the whole instance; others of its name that say something else are noted. */
function single(levels: readonly Scope[], name: string, t: Translation): Directive | null {
  const all = levels.flatMap((level) => level.own(name));
  const [first] = all;
  if (first === undefined) return null;
  for (const directive of all) {
    t.placeholders(directive, firstOf(directive));
    t.ledger.claim(directive);
    if (textsOf(directive).join(" ") !== textsOf(first).join(" "))
      t.ledger.claim(directive, "approximated", `one value holds for all sites: that of ${describePlace(first.place)}`);
  }
  if (
    levels[0]?.kind !== "http" &&
    levels.length > 0 &&
    !levels[0]!.own(name).includes(first) &&
    levels.filter((one) => one.kind === "server").length > 1
  )
    t.ledger.claim(first, "approximated", "it holds for all sites");
  return first;
}
