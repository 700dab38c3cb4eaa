import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { plainTemplate } from "./template.ts";

/** Changes to fields, as `request_headers` and `response_headers` have them. */
export interface HeaderDraft {
  readonly set: Map<string, unknown>;
  readonly add: Map<string, unknown[]>;
  readonly fallback: Map<string, unknown>;
  readonly remove: Set<string>;
}

export function newHeaders(): HeaderDraft {
  return { set: new Map(), add: new Map(), fallback: new Map(), remove: new Set() };
}

/** `Header [always|onsuccess] ACTION NAME [VALUE] [env=X]`, and `RequestHeader` without the first word. */
export function readHeader(args: readonly string[], draft: HeaderDraft, request: boolean): Outcome {
  const table = /^(?:always|onsuccess)$/i.exec(args[0] ?? "")?.[0].toLowerCase();
  const [action = "", written = "", ...rest] = table === undefined ? args : args.slice(1);
  const name = written.replace(/:$/, "");
  const condition =
    rest.find((arg, index) => index > 0 && /^(?:env|expr)=/.test(arg)) ??
    (/^(?:env|expr)=/.test(rest[0] ?? "") ? rest[0] : undefined);
  const value = templateOf(rest[0] ?? "");
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return undecided(`"${name}" is no header name`);
  const verb = action.toLowerCase();
  if (verb === "unset") {
    // What is set for all answers besides is meant to stay.
    if (!draft.set.has(name)) draft.remove.add(name);
    return condition === undefined ? mapped() : approximated("it is always removed");
  }
  if (/^edit/.test(verb) || verb === "echo" || verb === "note")
    return undecided(`Header ${verb} has no counterpart: let the app send the field as it should be`);
  if (value === null) return undecided("what it puts in has no counterpart: write a template by hand");
  if (verb === "set") {
    draft.set.set(name, value);
    draft.remove.delete(name);
  } else if (verb === "setifempty") draft.fallback.set(name, value);
  else if (/^(?:add|append|merge)$/.test(verb)) draft.add.set(name, [...(draft.add.get(name) ?? []), value]);
  else return undecided(`Header ${action} is not known`);
  const notes = [
    condition === undefined ? "" : `without the condition ${condition}`,
    verb === "append" || verb === "merge" ? "as a field of its own, not joined to another" : "",
    !request && table !== "always" && verb !== "add" ? "on our own error answers too" : "",
  ].filter((note) => note !== "");
  return notes.length === 0 ? mapped() : approximated(notes.join("; "));
}

/** As a section of propylon.yaml, or null when there is nothing to say. */
export function headersOf(draft: HeaderDraft): Plain | null {
  const section: Plain = {
    ...(draft.set.size === 0 ? {} : { set: Object.fromEntries(draft.set) }),
    ...(draft.add.size === 0 ? {} : { add: Object.fromEntries(draft.add) }),
    ...(draft.fallback.size === 0 ? {} : { default: Object.fromEntries(draft.fallback) }),
    ...(draft.remove.size === 0 ? {} : { remove: [...draft.remove] }),
  };
  return Object.keys(section).length === 0 ? null : section;
}

// --- internal ---

/** A value as a template; null: with something of the request or the environment in it that a template can't say. */
function templateOf(text: string): string | null {
  const plain = plainTemplate(text.replaceAll("%%", "\0"));
  return /%/.test(plain) ? null : plain.replaceAll("\0", "%");
}
