import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { expressionConditions } from "./expression.ts";
import { escaped, readPattern } from "./pattern.ts";
import { environmentVariable, type RewriteNames, rewriteText } from "./rewrite-text.ts";
import { plainTemplate } from "./template.ts";

/** What is done to a field by one directive. */
interface Change {
  /** As written. */
  readonly name: string;
  readonly verb: "set" | "add" | "default" | "remove" | "edit" | "join" | "merge";
  /** A template; what `edit` puts in. */
  readonly value: string;
  readonly matches: Plain;
  readonly always: boolean;
  readonly when: readonly Plain[];
}

/** Changes to fields in the order in which they are written. */
export interface HeaderDraft {
  readonly changes: Change[];
}

export function newHeaders(): HeaderDraft {
  return { changes: [] };
}

const VERBS: Readonly<Record<string, Change["verb"]>> = {
  set: "set",
  add: "add",
  append: "join",
  merge: "merge",
  setifempty: "default",
  unset: "remove",
  edit: "edit",
  "edit*": "edit",
};
const OWN =
  /^(?:connection|content-length|date|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-connection|server|etag)$/i;

/** `Header [always|onsuccess] ACTION NAME [VALUE] [env=X]`, and `RequestHeader` without the first word. */
export function readHeader(args: readonly string[], draft: HeaderDraft, request: boolean): Outcome {
  const table = /^(?:always|onsuccess)$/i.exec(args[0] ?? "")?.[0].toLowerCase();
  const [action = "", written = "", ...rest] = table === undefined ? args : args.slice(1);
  const name = written.replace(/:$/, "");
  const verb = VERBS[action.toLowerCase()];
  const values = verb === "remove" ? 0 : verb === "edit" ? 2 : 1;
  const when = conditionOf(rest[values]);
  if (verb === undefined)
    return undecided(`Header ${action} has no counterpart: let the app send the field as it should be`);
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return undecided(`"${name}" is no header name`);
  if (when === null) return undecided(`${rest[values]} asks for what conditions can't say`);
  if (OWN.test(name) && verb !== "remove" && /^(?:server|etag)$/i.test(name) === false)
    return ignored("the server writes this field itself");
  if (
    /^(?:connection|content-length|date|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-connection)$/i.test(
      name,
    ) ||
    (request && /^host$/i.test(name) && verb === "remove")
  )
    return ignored("the server writes this field itself");
  const value = verb === "edit" ? replacementOf(rest[1] ?? "") : templateOf(rest[0] ?? "");
  if (value === null || /[^\t -~\x80-\xff]/.test(value))
    return undecided("what it puts in has no counterpart: write a template by hand");
  const read = verb === "edit" ? readPattern(rest[0] ?? "") : null;
  if (verb === "edit" && read === null) return undecided(`"${rest[0]}" is no pattern that we can read`);
  const matches: Plain =
    read === null
      ? {}
      : {
          matches: read.regex,
          ...(read.ignore_case === true ? { ignore_case: true } : {}),
          ...(/\*$/.test(action) ? { all: true } : {}),
        };
  draft.changes.push({ name, verb, value, matches, always: table === "always", when });
  if (verb === "remove" && when.length > 0) return approximated("it is always removed");
  return mapped();
}

/** As `request_headers` of propylon.yaml, or null when there is nothing to say. */
export function requestHeadersOf(drafts: readonly HeaderDraft[], variables: Plain): Plain | null {
  return sectionOf(drafts, "http", variables, ({ when }) => (when.length === 0 ? {} : { when: [...when] }));
}

/** As `response_headers`; `errors`: what answers that are our own have alone. */
export function responseHeadersOf(drafts: readonly HeaderDraft[], variables: Plain, errors = false): Plain | null {
  const told = errors ? drafts.map(({ changes }) => ({ changes: changes.filter(({ always }) => always) })) : drafts;
  return sectionOf(told, "sent_http", variables, ({ always, when }) => ({
    ...(always ? {} : { always: "answers" }),
    ...(when.length === 0 ? {} : { when: [...when] }),
  }));
}

// --- internal ---

type Options = (change: Change) => Plain;

function sectionOf(
  drafts: readonly HeaderDraft[],
  prefix: "http" | "sent_http",
  variables: Plain,
  options: Options,
): Plain | null {
  const section = { set: {} as Plain, add: {} as Plain, default: {} as Plain, edit: {} as Plain };
  const remove = new Set<string>();
  const keyOf = (fields: Plain, name: string): string =>
    Object.keys(fields).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
  const entry = (change: Change, value: string): unknown => {
    const more = options(change);
    return Object.keys(more).length === 0 ? value : { value, ...more };
  };
  for (const change of drafts.flatMap(({ changes }) => changes)) {
    const { name, verb, value, matches } = change;
    const lower = name.toLowerCase();
    switch (verb) {
      case "remove":
        for (const fields of Object.values(section)) delete fields[keyOf(fields, name)];
        for (const each of remove) if (each.toLowerCase() === lower) remove.delete(each);
        remove.add(name);
        break;
      case "set": {
        delete section.add[keyOf(section.add, name)];
        section.set[keyOf(section.set, name)] = entry(change, value);
        break;
      }
      case "join":
      case "merge":
        joinTo(section.set, keyOf(section.set, name), value, change, prefix, variables, entry);
        break;
      case "add":
      case "default": {
        const fields = section[verb];
        const key = keyOf(fields, name);
        const before = verb === "add" ? [fields[key] ?? []].flat() : [];
        const all = [...before, entry(change, value)];
        fields[key] = all.length === 1 ? all[0] : joinedEntries(all);
        break;
      }
      case "edit": {
        const key = keyOf(section.edit, name);
        section.edit[key] = [
          ...([section.edit[key] ?? []].flat() as Plain[]),
          { ...matches, to: value, ...options(change) },
        ];
      }
    }
  }
  const found = {
    ...Object.fromEntries(Object.entries(section).filter(([, fields]) => Object.keys(fields).length > 0)),
    ...(remove.size === 0 ? {} : { remove: [...remove] }),
  };
  return Object.keys(found).length === 0 ? null : found;
}

/** Several fields of one name as one entry. */
function joinedEntries(entries: readonly unknown[]): unknown {
  const values = entries.flatMap((each) => (typeof each === "object" ? (each as { value: string }).value : each));
  const [first] = entries;
  return typeof first === "object" ? { ...(first as Plain), value: values } : values;
}

/** `append` and `merge`: the value behind that which is there. */
function joinTo(
  fields: Plain,
  key: string,
  value: string,
  change: Change,
  prefix: string,
  variables: Plain,
  entry: (change: Change, value: string) => unknown,
): void {
  const before = fields[key];
  const text = typeof before === "string" ? before : (before as { value?: string } | undefined)?.value;
  if (text !== undefined) {
    const has = change.verb === "merge" && text.split(/,\s*/).includes(value);
    if (!has) fields[key] = entry(change, `${text}, ${value}`);
    return;
  }
  const source = `${prefix}_${change.name.toLowerCase().replaceAll("-", "_")}`;
  const name = `before_${source.replace(/\W/g, "_")}`;
  if (change.verb === "join") {
    variables[name] = { from: `{${source}}`, values: { "": "" }, default: `{${source}}, ` };
    fields[key] = entry(change, `{${name}}${value}`);
    return;
  }
  const there = `(?:^|, ?)${escaped(value)}(?:,|$)`;
  const merged = `merged_${Object.keys(variables).length}`;
  variables[merged] = {
    from: `{${source}}`,
    values: { "": value },
    patterns: [{ match: there, value: `{${source}}` }],
    default: `{${source}}, ${value}`,
  };
  fields[key] = entry(change, `{${merged}}`);
}

const NAMES: RewriteNames = { documentRoot: "", file: "{request_filename}", lookUp: () => null };

/** `env=NAME`, `env=!NAME` or `expr=...`; null: it can't be said. */
function conditionOf(written: string | undefined): readonly Plain[] | null {
  if (written === undefined || written === "early") return [];
  const environment = /^env=(!?)(\w[\w-]*)$/.exec(written);
  if (environment !== null)
    return [
      {
        value: `{${environmentVariable(environment[2]!)}}`,
        matches: "[^]",
        ...(environment[1] === "!" ? { not: true } : {}),
      },
    ];
  const expression = /^expr=([\s\S]*)$/.exec(written)?.[1];
  const ways = expression === undefined ? null : expressionConditions(expression, NAMES);
  return ways?.length === 1 ? ways[0]! : null;
}

/** A value as a template; null: with something of the request in it that a template can't say. */
function templateOf(text: string): string | null {
  const expression = /^expr=([\s\S]*)$/.exec(text)?.[1];
  if (expression !== undefined) return rewriteText(expression.replaceAll("$", "\\$"), NAMES);
  let known = true;
  const result = plainTemplate(text).replace(
    /%(?:(%)|\{\{?([^}]*)\}?\}([a-z])|.?)/gi,
    (_whole, percent?: string, name?: string, kind?: string) => {
      if (percent !== undefined) return "%";
      if (name !== undefined && kind === "e") return `{${environmentVariable(name)}}`;
      const own = name !== undefined && kind === "s" ? SECURE[name] : undefined;
      if (own === undefined) known = false;
      return own ?? "";
    },
  );
  return known ? result : null;
}

const SECURE: Readonly<Record<string, string>> = {
  HTTPS: "{https}",
  REMOTE_ADDR: "{remote_addr}",
  REQUEST_SCHEME: "{scheme}",
  HTTP_HOST: "{http_host}",
  SERVER_NAME: "{host}",
  SERVER_PORT: "{server_port}",
};

/** What `edit` puts in: `$1` is a group. */
function replacementOf(text: string): string {
  return plainTemplate(text).replace(/\\?\$(\d)/g, (whole, group: string) =>
    whole.startsWith("\\") ? `$${group}` : `{${group}}`,
  );
}
