import type { Place } from "../../base/errors.ts";
import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { ApacheNode } from "./parse.ts";
import { and, EVERYONE, listOf, NOBODY, not, or, type Requirement } from "./requirement.ts";

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){0,3}\.?(?:\/[\d.]+)?|[\da-fA-F:]+:[\da-fA-F:.]*(?:\/\d+)?)$/;
const LOCAL = ["127.0.0.0/8", "::1"];
const CLOSED = "it can't be checked here, so nobody is let in until you say who may";

/** What a section says about who may come in; null is what the sections around say. */
export interface AccessDraft {
  readonly allow: string[];
  readonly deny: string[];
  all: boolean | null;
  order: "deny,allow" | "allow,deny" | null;
  satisfy: "any" | "all" | null;
  /** What its `Require` lines and containers ask for together. */
  require: Requirement | null;
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
    allow: [],
    deny: [],
    all: null,
    order: null,
    satisfy: null,
    require: null,
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
      draft.order = args.join("").includes("allow,deny") ? "allow,deny" : "deny,allow";
      return mapped();
    case "allow":
    case "deny":
      draft.lines.push({ place: node.place, name: node.name });
      return readFrom(
        args.filter((arg) => arg !== "from"),
        node.key,
        draft,
      );
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
  const asked = requirementOf(kind, nodes);
  if (asked === null) return close(draft, nodes.length === 1 ? lineOf(nodes[0]!) : `<${kind}>`);
  const together = draft.require === null ? asked : or(draft.require, asked);
  if (together === null) return close(draft, "who may come in by the lines before or by this one");
  draft.require = together;
  draft.lines.push(...nodes.map(({ place, name }) => ({ place, name })));
  return mapped();
}

export interface AccessSettings {
  readonly settings: Plain;
  /** Why nobody is let in, and where it is said; null: all could be said. */
  readonly problem: { readonly note: string; readonly lines: AccessDraft["lines"] } | null;
}

/** `access`, `auth` and `satisfy` by these sections, the wider ones first. */
export function accessOf(drafts: readonly AccessDraft[]): AccessSettings {
  const required = drafts.findLast(({ require, closed }) => require !== null || closed);
  const listed = drafts.findLast(
    ({ order, all, allow, deny, satisfy }) =>
      order !== null || all !== null || allow.length + deny.length > 0 || satisfy !== null,
  );
  const nobody = (note: string | null): AccessSettings => ({
    settings: { access: [{ deny: "all" }] },
    problem: note === null ? null : { note, lines: required?.lines ?? [] },
  });
  if (required?.closed === true || listed?.closed === true) return nobody(null);
  const byAddress = listed === undefined ? EVERYONE : orderOf(listed);
  const combine = listed?.satisfy === "any" ? or : and;
  const asked = combine(byAddress, required?.require ?? EVERYONE);
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

function orderOf({ allow, deny, all, order }: AccessDraft): Requirement {
  if (order === null && all === null && allow.length + deny.length === 0) return EVERYONE;
  const allowed = allow.length === 0 ? [] : [{ allow: [...allow] }];
  const denied = deny.length === 0 ? [] : [{ deny: [...deny] }];
  return order === "allow,deny"
    ? { ...EVERYONE, entries: all === true ? denied : [...denied, ...allowed], rest: all === true ? "allow" : "deny" }
    : all === false
      ? { ...EVERYONE, entries: allowed, rest: "deny" }
      : { ...EVERYONE, entries: denied.length === 0 ? [] : [...allowed, ...denied], rest: "allow" };
}

/** null: something in it can't be checked, or Apache would not take it. */
function requirementOf(kind: string, nodes: readonly ApacheNode[]): Requirement | null {
  const found: Requirement[] = [];
  for (const node of nodes) {
    const one = node.children === null ? lineRequirement(node) : requirementOf(node.key, node.children);
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

function lineRequirement({ key, args }: ApacheNode): Requirement | null {
  if (key !== "require") return null;
  const negative = args[0]?.toLowerCase() === "not";
  const [kind = "", ...values] = negative ? args.slice(1) : args;
  const found = positive(kind.toLowerCase(), values);
  return negative && found !== null ? not(found) : found;
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
  draft.order ??= "deny,allow";
  if (values.includes("all")) {
    draft.all = kind === "allow";
    return mapped();
  }
  if (!values.every((value) => ADDRESS.test(value))) return close(draft, values.join(" "));
  draft[kind].push(...values.map(network));
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
