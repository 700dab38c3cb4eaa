import { createHash } from "node:crypto";
import fs from "node:fs";
import { isIP } from "node:net";
import tls from "node:tls";
import { PropylonError } from "../base/errors.ts";
import type { ProxyConfig } from "../config/proxy-model.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Destination } from "./destination.ts";
import type { Target } from "./target.ts";
import type { Templates } from "./template.ts";

/** How targets are spoken to through TLS. */
export interface SecureTargets {
  /** Names these settings: connections made with others are not used. */
  readonly key: string;
  /** The name that the target's certificate has to be for. `host`: the target's, as configured. */
  name(host: string, exchange: Exchange | null): string;
  options(name: string): tls.ConnectionOptions;
}

/** Reads the files that are named. Throws a PropylonError for one that can't be read. */
export function secureTargets(settings: ProxyConfig["tls"], templates: Templates): SecureTargets {
  const base: tls.ConnectionOptions = {
    rejectUnauthorized: settings?.verify ?? true,
    ALPNProtocols: ["http/1.1"],
    ...(settings?.ca != null && { ca: read(settings.ca, "authorities") }),
    ...(settings?.crl != null && { crl: read(settings.crl, "revoked certificates") }),
    ...(settings?.certificate != null && { cert: read(settings.certificate, "certificate") }),
    ...(settings?.key != null && { key: read(settings.key, "key") }),
  };
  const context = tls.createSecureContext(base);
  const given = settings?.name == null ? null : templates.compile(settings.name);
  return {
    key: `https ${createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16)}`,
    name: (host, exchange) => {
      const name = given === null ? null : (given.constant ?? (exchange === null ? null : given.evaluate(exchange)));
      return name ?? (host === "" ? "localhost" : host);
    },
    options: (name) => ({ ...base, secureContext: context, ...serverName(name) }),
  };
}

/** Where a connection to a target goes. `plainKey`: of the pool's table, for connections without TLS. */
export function destinationOf(
  target: Target,
  plainKey: string,
  secure: SecureTargets | null,
  exchange: Exchange | null,
): Destination {
  if (secure === null) return { address: target.address, secure: null, key: plainKey };
  const name = secure.name(target.config.host, exchange);
  return { address: target.address, secure: () => secure.options(name), key: `${secure.key} ${name}` };
}

// --- internal ---

/** SNI names hosts alone (RFC 6066 §3); an address is compared with the certificate all the same. */
function serverName(name: string): tls.ConnectionOptions {
  if (isIP(name) === 0) return { servername: name };
  return { servername: "", checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate) };
}

function read(file: string, what: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw new PropylonError("user", `read the ${what} for TLS to an upstream, "${file}"`, { cause: error });
  }
}
