import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { type Directive, textsOf } from "./tree.ts";

/** The `hosts` of a server's `server_name` directives. */
export function hostsOf(scope: Scope, t: Translation): string[] {
  const hosts = scope.own("server_name").flatMap((directive) => {
    t.ledger.claim(directive);
    return textsOf(directive).flatMap((name) => hostOf(name, directive, t) ?? []);
  });
  return hosts.length === 0 ? ["_"] : [...new Set(hosts)];
}

// --- internal ---

function hostOf(written: string, directive: Directive, t: Translation): string | null {
  t.placeholders(directive, written);
  if (written === "" || written === "_") return "_";
  if (written.startsWith("~")) {
    const pattern = t.pattern(directive, written.slice(1));
    return pattern === null ? null : `~${pattern.source}`;
  }
  const name = written.toLowerCase().includes("${") ? written : written.toLowerCase();
  if (name === "$hostname") {
    t.ledger.claim(directive, "approximated", "write the machine's own name; left out");
    return null;
  }
  const trailing = /^([^*\s]+)\.\*$/.exec(name);
  if (trailing !== null) return `~^${trailing[1]!.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}\\..+$`;
  if (/^(?:\*?\.)?[^\s:/*@~<>()%]+$/.test(name) || /^\[[\da-f:.]+\]$/.test(name)) return name;
  t.ledger.claim(directive, "approximated", `${written} is no host name and never matches; left out`);
  return null;
}
