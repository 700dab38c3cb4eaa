import { isIP } from "node:net";
import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { firstOf } from "./tree.ts";
import { compact } from "./values.ts";

/** Who may say at a server who the client is, by the realip module; undefined: nobody. */
export function trustAt(scope: Scope, t: Translation): Plain | undefined {
  const from = rangesAt(scope, t);
  const header = headerAt(scope, t);
  for (const directive of scope.nearest("real_ip_recursive")) t.ledger.claim(directive);
  for (const location of scope.directives.filter((one) => one.name === "location"))
    for (const inner of location.block ?? [])
      if (inner.name === "set_real_ip_from" || inner.name === "real_ip_header")
        t.ledger.claim(
          inner,
          "needs-a-decision",
          "who the client is is found out for a whole site; move it to the server",
        );
  if (from.length === 0 || header === "proxy_protocol") return undefined;
  return compact({
    from,
    take: ["address"],
    fields: "x-forwarded",
    address_field: header === "x-forwarded-for" ? undefined : header,
    recursive: scope.isOn("real_ip_recursive", false),
    strip: false,
  });
}

/** How connections of a `listen ... proxy_protocol` are read. */
export function proxyProtocolAt(scope: Scope, t: Translation): Plain {
  const from = rangesAt(scope, t);
  // Without the realip module only $proxy_protocol_addr tells of it, whoever connects.
  if (headerAt(scope, t) !== "proxy_protocol" || from.length === 0) return { from: "all", take: false };
  return { from };
}

// --- internal ---

function headerAt(scope: Scope, t: Translation): string {
  t.ledger.claimAll(scope.nearest("real_ip_header"));
  return (scope.value("real_ip_header") ?? "X-Real-IP").toLowerCase();
}

function rangesAt(scope: Scope, t: Translation): string[] {
  return scope.nearest("set_real_ip_from").flatMap((directive) => {
    const written = firstOf(directive);
    t.placeholders(directive, written);
    if (/^\$\{\w+\}$/.test(written) || written === "unix:" || isIP(written.split("/")[0]!) > 0) {
      t.ledger.claim(directive);
      return [written];
    }
    t.ledger.claim(
      directive,
      "needs-a-decision",
      "a name may be anybody's address tomorrow: write the proxy's addresses",
    );
    return [];
  });
}
