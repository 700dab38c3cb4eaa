import type { Place } from "../../base/errors.ts";
import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { type Atom, conditionAtom, methodAtom } from "./atoms.ts";
import { expressionConditions } from "./expression.ts";
import type { ApacheNode } from "./parse.ts";
import { and, EVERYONE, listOf, NOBODY, not, or, type Requirement } from "./requirement.ts";
import { environmentVariable, type RewriteNames } from "./rewrite-text.ts";

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){0,3}\.?(?:\/[\d.]+)?|[\da-fA-F:]+:[\da-fA-F:.]*(?:\/\d+)?)$/;
const LOCAL = ["127.0.0.0/8", "::1"];
const CLOSED = "it can't be checked here, so nobody is let in until you say who may";

/** `<Limit>`, or `<LimitExcept>`: lines that hold for some methods. */
export interface MethodLimit {
  readonly methods: readonly string[];
  readonly except: boolean;
}

/** A line of `Order`, `Allow` or `Deny`. */
interface CompatLine {
  readonly kind: "order" | "allow" | "deny";
  /** Networks, `all` or `env=NAME`; the order. */
  readonly values: readonly string[];
  readonly limit: MethodLimit | null;
}

/** What a section says about who may come in; null is what the sections around say. */
export interface AccessDraft {
  readonly compat: CompatLine[];
  satisfy: "any" | "all" | null;
  /** Its `Require` lines and containers. */
  readonly require: {
    readonly kind: string;
    readonly nodes: readonly ApacheNode[];
    readonly limit: MethodLimit | null;
  }[];
  /** What the lines that come now are limited to. */
  limit: MethodLimit | null;
  /** SSLRequireSSL: only who comes by TLS. */
  secure: boolean;
  /** Something in it can't be checked here: nobody comes in. */
  closed: boolean;
  readonly type: { of: string | null };
  realm: string | null;
  file: string | null;
  provider: string | null;
  /** Where it says who may come in. */
  readonly lines: { readonly place: Place; readonly name: string }[];
}

export function newAccess(): AccessDraft {
  return {
    compat: [],
    satisfy: null,
    require: [],
    limit: null,
    secure: false,
    closed: false,
    type: { of: null },
    realm: null,
    file: null,
    provider: null,
    lines: [],
  };
}

/** Takes one directive in; null: it is none about access. */
export function readAccess(node: ApacheNode, draft: AccessDraft): Outcome | null {
  const args = node.args.map((arg) => arg.toLowerCase());
  const [first = ""] = node.args;
  switch (node.key) {
    case "require":
      return readContainer("requireany", [node], draft);
    case "order":
      draft.compat.push({
        kind: "order",
        values: [/^(?:allow,deny|mutual-failure)$/.test(args.join("")) ? "allow,deny" : "deny,allow"],
        limit: draft.limit,
      });
      return mapped();
    case "allow":
    case "deny":
      draft.lines.push({ place: node.place, name: node.name });
      return readFrom(
        node.args.filter((arg) => !/^from$/i.test(arg)).map((arg) => (/^env=/i.test(arg) ? arg : arg.toLowerCase())),
        node.key,
        draft,
      );
    case "sslrequiressl":
      draft.secure = true;
      return mapped();
    case "satisfy":
      draft.satisfy = args[0] === "any" ? "any" : "all";
      return mapped();
    case "authtype":
      draft.type.of = args[0] ?? "";
      return /^(?:basic|none)$/.test(draft.type.of)
        ? mapped()
        : undecided(`there are no ${first} logins: where one is asked for, nobody is let in until you say who may`);
    case "authname":
      draft.realm = first;
      return mapped();
    case "authuserfile":
      draft.file = first;
      return mapped("passwords in plain text and DES crypt are refused");
    case "authbasicprovider":
      draft.provider = args.join(" ");
      return draft.provider === "file"
        ? mapped()
        : undecided("passwords are looked up in files: where one is asked for, nobody is let in until you say who may");
    case "authbasicauthoritative":
      return args[0] === "on" ? mapped() : approximated("nothing is asked after the file of users");
    case "authgroupfile":
    case "authdigestprovider":
      return undecided("it has no counterpart: places that depend on it are closed until you say who may");
    case "authmerging":
      if (args[0] === "off") return mapped();
      return close(draft, "AuthMerging");
    default:
      return null;
  }
}

/** Takes what stands in a `<RequireAll>`, `<RequireAny>` or `<RequireNone>` in; other sections in it are null. */
export function readContainer(kind: string, nodes: readonly ApacheNode[], draft: AccessDraft): Outcome {
  if (requirementOf(kind, nodes, NONE) === null)
    return close(draft, nodes.length === 1 ? lineOf(nodes[0]!) : `<${kind}>`);
  draft.require.push({ kind, nodes, limit: draft.limit });
  draft.lines.push(...nodes.map(({ place, name }) => ({ place, name })));
  return mapped();
}

/** What these sections ask for may depend on. */
export function accessAtoms(drafts: readonly AccessDraft[]): readonly Atom[] {
  const found = new Map<string, Atom>();
  const add = (atom: Atom | null): void => {
    if (atom !== null) found.set(atom.key, atom);
  };
  const visit = ({ key, args, children }: ApacheNode): void => {
    if (children !== null) for (const child of children) visit(child);
    else if (key === "require") add(atomOf(args[0]?.toLowerCase() === "not" ? args.slice(1) : args));
  };
  for (const { compat, require, secure } of drafts) {
    if (secure) add(SECURE);
    for (const { limit, values } of compat) {
      if (limit !== null) add(methodAtom(limit.methods));
      for (const value of values) if (value.startsWith("env=")) add(environmentAtom([value.slice("env=".length)]));
    }
    for (const { nodes, limit } of require) {
      if (limit !== null) add(methodAtom(limit.methods));
      for (const node of nodes) visit(node);
    }
  }
  return [...found.values()];
}

export interface AccessSettings {
  readonly settings: Plain;
  /** Why nobody is let in, and where it is said; null: all could be said. */
  readonly problem: { readonly note: string; readonly lines: AccessDraft["lines"] } | null;
}

const NONE: ReadonlySet<string> = new Set();
const SECURE = conditionAtom([[{ value: "{scheme}", equals: "https" }]]);

/** `access`, `auth` and `satisfy` by these sections, the wider ones first, where these atoms hold and no others. */
export function accessOf(drafts: readonly AccessDraft[], truths: ReadonlySet<string> = NONE): AccessSettings {
  const required = drafts.findLast(({ require, closed }) => require.length > 0 || closed);
  const listed = drafts.findLast(({ compat, satisfy }) => compat.length > 0 || satisfy !== null);
  const nobody = (note: string | null): AccessSettings => ({
    settings: { access: [{ deny: "all" }] },
    problem: note === null ? null : { note, lines: required?.lines ?? [] },
  });
  if (drafts.some(({ secure }) => secure) && !truths.has(SECURE.key)) return nobody(null);
  if (required?.closed === true || listed?.closed === true) return nobody(null);
  const byAddress = listed === undefined ? EVERYONE : orderOf(listed, truths);
  const needed = required === undefined ? EVERYONE : together(required, truths);
  if (needed === null) return nobody(`its lines together: ${CLOSED}`);
  const combine = listed?.satisfy === "any" ? or : and;
  const asked = combine(byAddress, needed);
  if (asked === null) return nobody(`Order and Require together: ${CLOSED}`);
  const access = listOf(asked);
  if (asked.users === null) return { settings: access.length === 0 ? {} : { access }, problem: null };
  const last = <T>(of: (draft: AccessDraft) => T | null): T | null =>
    drafts.map(of).findLast((value) => value !== null) ?? null;
  const file = last((draft) => draft.file);
  const type = last((draft) => draft.type.of);
  if (type !== "basic" || file === null || (last((draft) => draft.provider) ?? "file") !== "file")
    return nobody(`without AuthType Basic and a file of users ${CLOSED}`);
  const realm = (last((draft) => draft.realm) ?? "").replace(/\{(\w+)\}/g, "{{$1}}");
  const only = asked.users === "any" ? {} : { only: [...new Set(asked.users)] };
  return {
    settings: {
      ...(access.length === 0 ? {} : { access }),
      auth: { basic: { file, realm, ...only } },
      ...(asked.both ? {} : { satisfy: "any" }),
    },
    problem: null,
  };
}

// --- internal ---

function lineOf({ name, args }: ApacheNode): string {
  return [name, ...args].join(" ");
}

function isApplied(limit: MethodLimit | null, truths: ReadonlySet<string>): boolean {
  return limit === null || truths.has(methodAtom(limit.methods).key) !== limit.except;
}

/** The requirements of a section, of which one is enough; those of other methods say nothing. */
function together({ require }: AccessDraft, truths: ReadonlySet<string>): Requirement | null {
  const applied = require.filter(({ limit }) => isApplied(limit, truths));
  // Where all that is asked is asked of other methods, everybody may come in.
  if (applied.length === 0) return EVERYONE;
  return applied
    .map(({ kind, nodes }) => requirementOf(kind, nodes, truths))
    .reduce((sum, one) => (sum === null || one === null ? null : or(sum, one)));
}

/** Order, Allow and Deny (mod_access_compat). */
function orderOf({ compat }: AccessDraft, truths: ReadonlySet<string>): Requirement {
  const applied = compat.filter(({ limit }) => isApplied(limit, truths));
  if (applied.length === 0) return EVERYONE;
  const orders = applied.filter(({ kind }) => kind === "order");
  const order = orders.findLast(({ limit }) => limit !== null) ?? orders.at(-1);
  const of = (wanted: "allow" | "deny"): { readonly all: boolean; readonly ranges: readonly string[] } => {
    const values = applied.filter(({ kind }) => kind === wanted).flatMap((line) => line.values);
    const holds = (value: string): boolean =>
      value === "all" || (value.startsWith("env=") && truths.has(environmentAtom([value.slice(4)]).key));
    return { all: values.some(holds), ranges: values.filter((value) => value !== "all" && !value.startsWith("env=")) };
  };
  const [allow, deny] = [of("allow"), of("deny")];
  const allowed = allow.ranges.length === 0 ? [] : [{ allow: [...allow.ranges] }];
  const denied = deny.ranges.length === 0 ? [] : [{ deny: [...deny.ranges] }];
  if (order?.values[0] === "allow,deny") {
    if (deny.all) return NOBODY;
    return allow.all
      ? { ...EVERYONE, entries: denied }
      : { ...EVERYONE, entries: allowed.length === 0 ? [] : [...denied, ...allowed], rest: "deny" };
  }
  if (allow.all) return EVERYONE;
  if (deny.all) return { ...EVERYONE, entries: allowed, rest: "deny" };
  return { ...EVERYONE, entries: denied.length === 0 ? [] : [...allowed, ...denied] };
}

/** null: something in it can't be checked, or Apache would not take it. */
function requirementOf(kind: string, nodes: readonly ApacheNode[], truths: ReadonlySet<string>): Requirement | null {
  const found: Requirement[] = [];
  for (const node of nodes) {
    const one = node.children === null ? lineRequirement(node, truths) : requirementOf(node.key, node.children, truths);
    if (one === null) return null;
    found.push(one);
  }
  if (found.length === 0) return null;
  const combine = kind === "requireall" ? and : or;
  const all = found
    .slice(1)
    .reduce<Requirement | null>((sum, one) => (sum === null ? null : combine(sum, one)), found[0]!);
  return kind === "requirenone" && all !== null ? not(all) : all;
}

function lineRequirement({ key, args }: ApacheNode, truths: ReadonlySet<string>): Requirement | null {
  if (key !== "require") return null;
  const negative = args[0]?.toLowerCase() === "not";
  const [kind = "", ...values] = negative ? args.slice(1) : args;
  const atom = atomOf([kind, ...values]);
  const found = atom === null ? positive(kind.toLowerCase(), values) : truths.has(atom.key) ? EVERYONE : NOBODY;
  return negative && found !== null ? not(found) : found;
}

/** What `Require method`, `env` and `expr` depend on; null: it is another, or one that we can't read. */
function atomOf([kind = "", ...values]: readonly string[]): Atom | null {
  switch (kind.toLowerCase()) {
    case "method":
      return values.length === 0 ? null : methodAtom(values);
    case "env":
      return values.length === 0 ? null : environmentAtom(values);
    case "expr": {
      const text = values.length === 1 ? values[0]! : values.join(" ");
      const ways = expressionConditions(text.replace(/^(["'])(.*)\1$/, "$2"), EXPRESSION);
      return ways === null ? null : conditionAtom(ways);
    }
    default:
      return null;
  }
}

const EXPRESSION: RewriteNames = { documentRoot: "", file: "{uri}", lookUp: () => null };

function environmentAtom(names: readonly string[]): Atom {
  return conditionAtom(names.map((name) => [{ value: `{${environmentVariable(name)}}`, matches: "[^]" }]));
}

function positive(kind: string, values: readonly string[]): Requirement | null {
  switch (kind) {
    case "all":
      return values[0]?.toLowerCase() === "granted" ? EVERYONE : NOBODY;
    case "local":
      return { ...NOBODY, entries: [{ allow: [...LOCAL] }] };
    case "ip":
      if (values.length === 0 || !values.every((value) => ADDRESS.test(value))) return null;
      return { ...NOBODY, entries: [{ allow: values.map(network) }] };
    case "valid-user":
      return { ...EVERYONE, users: "any" };
    case "user":
      return values.length === 0 ? null : { ...EVERYONE, users: values };
    default:
      return null;
  }
}

function readFrom(values: readonly string[], kind: "allow" | "deny", draft: AccessDraft): Outcome {
  if (!values.every((value) => value === "all" || /^env=\w+$/.test(value) || ADDRESS.test(value)))
    return close(draft, values.join(" "));
  const ranges = values.map((value) => (/^(?:all|env=.*)$/.test(value) ? value : network(value)));
  draft.compat.push({ kind, values: ranges, limit: draft.limit });
  return mapped();
}

function close(draft: AccessDraft, what: string): Outcome {
  draft.closed = true;
  return undecided(`${what}: ${CLOSED}`);
}

/** `10.1` is `10.1.0.0/16`; `10.1.0.0/255.255.0.0` too. */
function network(written: string): string {
  if (written.includes(":")) return written;
  const [address = "", mask] = written.replace(/\.$/, "").split("/");
  const parts = address.split(".");
  const full = [...parts, "0", "0", "0"].slice(0, 4).join(".");
  if (mask?.includes(".")) {
    const bits = mask.split(".").map((part) => Number(part).toString(2).replaceAll("0", "").length);
    return `${full}/${bits.reduce((sum, count) => sum + count, 0)}`;
  }
  if (mask !== undefined) return `${full}/${mask}`;
  return parts.length === 4 ? address : `${full}/${parts.length * 8}`;
}
