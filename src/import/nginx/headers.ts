import { describePlace } from "../../base/errors.ts";
import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, textsOf } from "./tree.ts";
import { sectionOf } from "./values.ts";

/**
 * `add_header` in effect at a level, as `response_headers`. NGINX adds to what the answer has; a Content-Type so added would
 * stand there twice, so it is set instead.
 */
export function responseHeaders(scope: Scope, t: Translation): Plain | undefined {
  const found = scope.nearest("add_header");
  noteDropped("add_header", scope, t);
  const add: Record<string, { value: string[]; always: boolean }> = {};
  const set: Record<string, { value: string; always: boolean }> = {};
  for (const directive of found) {
    t.ledger.claim(directive);
    const [name, written, flag] = textsOf(directive);
    const value = t.template(directive, written!).replace(/[\r\n]+\s*/g, " ");
    const always = flag === "always";
    if (OWN_FIELDS.test(name!)) {
      t.ledger.claim(directive, "approximated", `Propylon writes ${name} itself; left out`);
      continue;
    }
    if (/^content-type$/i.test(name!)) {
      t.ledger.claim(
        directive,
        "approximated",
        "NGINX would send a second Content-Type; here it takes the place of the first",
      );
      set[name!] = { value, always };
      continue;
    }
    // An empty value adds nothing, except that it takes these two away.
    if (value === "" && !/^(?:etag|last-modified)$/i.test(name!)) continue;
    if (/^(?:etag|last-modified)$/i.test(name!)) {
      set[name!] = { value, always };
      continue;
    }
    const entry = add[name!];
    if (entry === undefined) add[name!] = { value: [value], always };
    else {
      entry.value.push(value);
      if (entry.always !== always)
        t.ledger.claim(
          directive,
          "approximated",
          `fields of one name are all sent with errors too, or none: here ${entry.always ? "all" : "none"}`,
        );
    }
  }
  for (const [name, value] of moreSetHeaders(scope, t)) set[name] = { value, always: true };
  const added = Object.entries(add).map(([name, entry]) => [
    name,
    entry.value.length === 1 ? (entry.always ? entry.value[0] : { value: entry.value[0], always: false }) : entry,
  ]);
  return sectionOf({ set: sectionOf(set), add: sectionOf(Object.fromEntries(added)) });
}

/** Says at a level that has its own what it drops of the levels around it. */
export function noteDropped(name: string, scope: Scope, t: Translation): void {
  const own = scope.own(name);
  const outer = scope.parent?.nearest(name) ?? [];
  if (own.length === 0 || outer.length === 0) return;
  const names = [...new Set(outer.map(headerOf))].filter((header) => !own.some((one) => headerOf(one) === header));
  if (names.length === 0) return;
  t.ledger.claim(
    own[0]!,
    "mapped",
    `as this level has its own, those of the level around it don't apply here: ${names.join(", ")} (${describePlace(outer[0]!.place)})`,
  );
}

export interface RequestHeaders {
  /** By name, what `proxy_set_header` gives. */
  readonly set: Readonly<Record<string, string | string[]>>;
  /** Whether upgrades such as WebSocket's are passed on. */
  readonly tunnels: boolean;
}

/** The request headers that a proxied request gets. */
export function requestHeaders(scope: Scope, t: Translation): RequestHeaders {
  noteDropped("proxy_set_header", scope, t);
  const set: Record<string, string | string[]> = {};
  const found = scope.nearest("proxy_set_header");
  for (const directive of found) {
    t.ledger.claim(directive);
    const [name, written] = textsOf(directive);
    const value = t.template(directive, written!).replace(/[\r\n]+\s*/g, " ");
    if (OWN_FIELDS.test(name!)) {
      noteOwn(directive, value, t);
      continue;
    }
    const before = Object.keys(set).find((other) => other.toLowerCase() === name!.toLowerCase());
    if (before === undefined) set[name!] = value;
    else if (before.toLowerCase() === "host")
      t.ledger.claim(directive, "approximated", "a request has one Host: the first that is set");
    else set[before] = [set[before]!, value].flat();
  }
  const names = new Set(found.map((directive) => headerOf(directive).toLowerCase()));
  return { set, tunnels: names.has("upgrade") && names.has("connection") };
}

// --- internal ---

/** What says how one connection is used, which Propylon writes itself. */
const OWN_FIELDS = /^(?:connection|content-length|date|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

function noteOwn(directive: Directive, value: string, t: Translation): void {
  const name = headerOf(directive).toLowerCase();
  if (name === "upgrade") t.ledger.claim(directive, "mapped", "WebSocket and other upgrades are passed on");
  else if (name === "connection")
    t.ledger.claim(directive, "mapped", "Propylon writes Connection itself, as each connection needs it");
  else if (value === "" && name === "content-length")
    t.ledger.claim(directive, "approximated", "the body goes on, with its length");
  else t.ledger.claim(directive, "approximated", `Propylon writes ${headerOf(directive)} itself`);
}

/** `more_set_headers "Name: value"` of the module headers-more, which replaces on every status. */
function moreSetHeaders(scope: Scope, t: Translation): (readonly [string, string])[] {
  return scope.nearest("more_set_headers").flatMap((directive) => {
    t.ledger.claim(directive);
    return textsOf(directive).flatMap((word) => {
      const field = /^([\w-]+)\s*:\s*([\s\S]*)$/.exec(word);
      if (field !== null) return [[field[1]!, t.template(directive, field[2]!)] as const];
      t.ledger.claim(directive, "needs-a-decision", `${word} has no counterpart`);
      return [];
    });
  });
}

function headerOf(directive: Directive): string {
  return directive.args[0]?.text ?? "";
}
