import { isIP } from "node:net";
import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { ApacheNode } from "./parse.ts";

/** Who may say who the client is, as mod_remoteip has it at a server or virtual host. */
export interface RemoteDraft {
  header: string | null;
  readonly from: string[];
}

/** Takes one directive of mod_remoteip in; null: it is none. */
export function readRemote(node: ApacheNode, draft: RemoteDraft): Outcome | null {
  switch (node.key) {
    case "remoteipheader":
      draft.header = node.args[0] ?? null;
      return approximated("only RemoteIPInternalProxy and RemoteIPTrustedProxy are believed; the field itself stays");
    case "remoteipinternalproxy":
    case "remoteiptrustedproxy": {
      const known = node.args.filter((range) => isIP(range.split("/")[0]!) > 0 && !/\/.*\./.test(range));
      draft.from.push(...known);
      if (known.length < node.args.length) return undecided("a name may be anybody's tomorrow: write addresses");
      return node.key === "remoteipinternalproxy"
        ? mapped()
        : approximated("private addresses that these proxies tell of are believed too");
    }
    default:
      return null;
  }
}

/** As `trusted_proxies` of a site, what the virtual host lacks taken from the server; null: nobody is believed. */
export function trustOf(host: RemoteDraft, server: RemoteDraft): Plain | null {
  const header = host.header ?? server.header;
  const from = host.from.length > 0 ? host.from : server.from;
  if (header === null || from.length === 0) return null;
  const field = /^x-forwarded-for$/i.test(header) ? {} : { address_field: header };
  return { from, take: ["address"], fields: "x-forwarded", ...field, recursive: true, strip: false };
}
