import type { Door } from "../reading.ts";

import { isList, isTrue, type PythonValue, textOf } from "./python-value.ts";
import type { Effective } from "./words.ts";

/** Gunicorn's own: who it believes, and by which fields. */
const LOCAL = "127.0.0.1,::1";
const SECURE_FIELDS = { "X-FORWARDED-PROTOCOL": "ssl", "X-FORWARDED-PROTO": "https", "X-FORWARDED-SSL": "on" };

/** What a door believes of proxies: those of this machine where nothing is said of it. */
export function proxiesOf(
  settings: ReadonlyMap<string, Effective>,
  environment: Readonly<Record<string, string | undefined>>,
): Pick<Door, "trust" | "proxyProtocol"> {
  const value = (name: string): PythonValue => settings.get(name)?.value ?? null;
  const allowed = value("forwarded_allow_ips") ?? environment["FORWARDED_ALLOW_IPS"] ?? null;
  const headers = value("secure_scheme_headers");
  const fields =
    headers instanceof Map
      ? Object.fromEntries([...headers].map(([key, one]) => [String(key), textOf(one)]))
      : SECURE_FIELDS;
  return {
    trust: {
      from: [...ranges(allowed), "unix:"],
      take: ["scheme"],
      fields: "x-forwarded",
      secure_fields: fields,
      strip: false,
    },
    ...(isTrue(value("proxy_protocol")) && { proxyProtocol: { from: ranges(value("proxy_allow_ips")) } }),
  };
}

// --- internal ---

function ranges(written: PythonValue): string[] {
  const words =
    written === null ? LOCAL.split(",") : isList(written) ? written.map(textOf) : textOf(written).split(",");
  return words.flatMap((word) => {
    const range = word.trim();
    if (range === "*") return ["0.0.0.0/0", "::/0"];
    return range === "" ? [] : [range];
  });
}
