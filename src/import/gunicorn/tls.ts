import { resolve } from "node:path";
import type { Plain } from "../tree.ts";
import { type PythonValue, textOf } from "./python-value.ts";
import type { Effective } from "./words.ts";

/** `tls` of the listeners: with a certificate or a key Gunicorn speaks TLS at all of them; null: with neither. */
export function tlsOf(settings: ReadonlyMap<string, Effective>, folder: string): Plain | null {
  const text = (name: string): string | null => {
    const value: PythonValue = settings.get(name)?.value ?? null;
    return value === null || value === "" ? null : textOf(value);
  };
  const certificate = text("certfile");
  if (certificate === null) return null;
  const authorities = text("ca_certs");
  const wanted = text("cert_reqs") ?? "0";
  const asks = authorities !== null && wanted !== "0" && !/CERT_NONE$/.test(wanted);
  return {
    certificate: resolve(folder, certificate),
    key: resolve(folder, text("keyfile") ?? certificate),
    ...(asks
      ? {
          client_ca: resolve(folder, authorities),
          ...(/^1$|CERT_OPTIONAL$/.test(wanted) ? { client: "optional" } : {}),
        }
      : {}),
    ...(text("ciphers") === null ? {} : { ciphers: text("ciphers") }),
  };
}
