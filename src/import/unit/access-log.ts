import { plainTemplate } from "../apache/template.ts";
import { approximated, type Ledger, mapped, undecided } from "../ledger.ts";
import { COMBINED } from "../log-format.ts";
import type { Plain } from "../tree.ts";
import type { JsonNode } from "./json.ts";

/** `access_log`: a path, or a section with `path`, `format` and `if`. */
export function readAccessLog(node: JsonNode, ledger: Ledger): Plain {
  const path = String(node.entries.get("path")?.value ?? node.value);
  ledger.say(node.place, "access_log", mapped());
  let format: string | null = null;
  for (const [name, child] of node.entries) {
    if (name === "path") ledger.say(child.place, "access_log.path", mapped());
    else if (name === "format" && child.entries.size === 0) {
      const unknown: string[] = [];
      format = templateOf(String(child.value), unknown);
      const dashes = `a dash stands for ${[...new Set(unknown)].join(", ")}`;
      ledger.say(child.place, "access_log.format", unknown.length === 0 ? mapped() : approximated(dashes));
    } else if (name === "format")
      ledger.say(child.place, "access_log.format", approximated("lines are text, in the combined format"));
    else ledger.say(child.place, `access_log.${name}`, undecided("every request is logged: write `when` at the log"));
  }
  if (format === null || format === COMBINED) return { access_log: { path } };
  return { access_log: { path, format: "unit" }, log_formats: { unit: format } };
}

// --- internal ---

/** Unit's variables under our names. */
const NAMES: Readonly<Record<string, string>> = {
  remote_addr: "{remote_addr}",
  time_local: "{time_local}",
  request_line: "{request}",
  status: "{status}",
  body_bytes_sent: "{body_bytes_sent}",
  method: "{request_method}",
  host: "{host}",
  uri: "{uri}",
  request_uri: "{request_uri}",
  request_id: "{request_id}",
  request_time: "{request_time}",
  dollar: "$",
};

function templateOf(format: string, unknown: string[]): string {
  return plainTemplate(format).replace(/\$(?:\{(\w+)\}|(\w+))/g, (written, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    const [, kind, rest] = /^(header|arg|cookie|response_header)_(\w+)$/.exec(name) ?? [];
    const prefix = { header: "http", arg: "arg", cookie: "cookie", response_header: "sent_http" }[kind ?? ""];
    if (prefix !== undefined) return `{${prefix}_${rest!.toLowerCase()}}`;
    const known = NAMES[name];
    if (known === undefined) unknown.push(written);
    return known ?? "-";
  });
}
