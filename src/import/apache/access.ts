import { mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { ApacheNode } from "./parse.ts";

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){0,3}\.?(?:\/[\d.]+)?|[\da-fA-F:]+:[\da-fA-F:.]*(?:\/\d+)?)$/;
const LOCAL = ["127.0.0.0/8", "::1"];

/** Who may come in, as a section says it with `Require`, or with `Order`, `Allow` and `Deny`. */
export interface AccessDraft {
  readonly allow: string[];
  readonly deny: string[];
  all: boolean | null;
  order: "deny,allow" | "allow,deny" | null;
  /** Something in it can't be checked here: nobody comes in. */
  closed: boolean;
}

export function newAccess(): AccessDraft {
  return { allow: [], deny: [], all: null, order: null, closed: false };
}

const CLOSED = "it can't be checked here, so nobody is let in until you say who may";

/** Takes one directive in; null: it is none about access. */
export function readAccess(node: ApacheNode, draft: AccessDraft): Outcome | null {
  const args = node.args.map((arg) => arg.toLowerCase());
  switch (node.key) {
    case "require":
      return readRequire(node.args, draft);
    case "order":
      draft.order = args.join("").includes("allow,deny") ? "allow,deny" : "deny,allow";
      return mapped();
    case "allow":
    case "deny":
      return readFrom(
        args.filter((arg) => arg !== "from"),
        node.key,
        draft,
      );
    case "satisfy":
      return args[0] === "all" ? mapped() : close(draft, "Satisfy any");
    case "authtype":
    case "authname":
    case "authuserfile":
    case "authgroupfile":
    case "authbasicprovider":
    case "authdigestprovider":
      return undecided("there is no password check here: let the app do it");
    default:
      return null;
  }
}

/** The `access` list, or null where the section says nothing. */
export function accessOf(draft: AccessDraft): readonly Plain[] | null {
  const { allow, deny, all, order, closed } = draft;
  if (closed) return [{ deny: "all" }];
  const allowed = allow.length === 0 ? [] : [{ allow: [...allow] }];
  const denied = deny.length === 0 ? [] : [{ deny: [...deny] }];
  if (order === "deny,allow") return list([...allowed, ...denied, ...(all === false ? [{ deny: "all" }] : [])]);
  if (order === "allow,deny") return list([...denied, ...allowed, ...(all === true ? [] : [{ deny: "all" }])]);
  if (all === null && allow.length === 0 && deny.length === 0) return null;
  if (all === true && denied.length === 0) return [];
  return list([...denied, ...allowed, ...(all === true ? [] : [{ deny: "all" }])]);
}

// --- internal ---

function list(entries: readonly Plain[]): readonly Plain[] {
  return entries;
}

function readRequire(args: readonly string[], draft: AccessDraft): Outcome {
  const negative = args[0]?.toLowerCase() === "not";
  const [kind = "", ...values] = negative ? args.slice(1) : args;
  switch (kind.toLowerCase()) {
    case "all":
      draft.all = (values[0]?.toLowerCase() === "granted") !== negative;
      return mapped();
    case "local":
      (negative ? draft.deny : draft.allow).push(...LOCAL);
      return mapped();
    case "ip":
      if (!values.every((value) => ADDRESS.test(value))) return close(draft, values.join(" "));
      (negative ? draft.deny : draft.allow).push(...values.map(network));
      return mapped();
    default:
      return close(draft, `Require ${args.join(" ")}`);
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
