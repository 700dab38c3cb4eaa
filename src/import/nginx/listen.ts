import type { Translation } from "./translation.ts";
import { type Directive, textsOf } from "./tree.ts";

/** One `listen` of a server. */
export interface Listen {
  /** As `listeners` has it: `*:80`, `127.0.0.1:80`, `[::]:80`, `unix:/path`. */
  readonly address: string;
  readonly isDefault: boolean;
  readonly isTls: boolean;
  readonly isProxied: boolean;
}

const FLAGS =
  /^(?:default_server|default|ssl|http2|quic|proxy_protocol|bind|deferred|reuseport|spdy|multipath|(?:setfib|fastopen|backlog|rcvbuf|sndbuf|accept_filter|ipv6only|so_keepalive)=.*)$/;
/** Reads a `listen`; null where nothing can be opened for it. */
export function listenOf(directive: Directive, isTlsServer: boolean, t: Translation): Listen | null {
  t.ledger.claim(directive);
  const [written, ...flags] = textsOf(directive);
  t.placeholders(directive, written!);
  for (const flag of flags)
    if (!FLAGS.test(flag) && !/[${]|__/.test(flag)) t.refuse(directive, `invalid parameter "${flag}"`);
  const address = addressOf(written!, directive, t);
  if (address === null) return null;
  if (flags.includes("quic")) {
    t.ledger.claim(directive, "approximated", "HTTP/3 is not spoken; browsers take HTTP/2 in its place");
    return null;
  }
  const tuning = flags.filter((flag) =>
    /^(?:backlog|rcvbuf|sndbuf|setfib|fastopen|accept_filter|so_keepalive)=|^(?:deferred|reuseport)$/.test(flag),
  );
  if (tuning.length > 0)
    t.ledger.claim(directive, "mapped", `how the system treats the socket is left to it (${tuning.join(", ")})`);
  const isDefault = flags.includes("default_server") || flags.includes("default");
  return {
    address,
    isDefault,
    isTls: flags.includes("ssl") || isTlsServer || t.secureAddresses.has(written!),
    isProxied: flags.includes("proxy_protocol"),
  };
}

// --- internal ---

function addressOf(written: string, directive: Directive, t: Translation): string | null {
  if (written.startsWith("unix:")) return `unix:${t.path(directive, written.slice(5))}`;
  if (/^\d+$/.test(written) || /^\$\{\w+\}$/.test(written)) {
    if (Number(written) > 65_535 || Number(written) === 0) {
      t.refuse(directive, `invalid port in "${written}" of the "listen" directive`);
      return null;
    }
    return `*:${written}`;
  }
  const match = /^(\[[\da-fA-F:.]+\]|[^:]*)(?::(\d+|\$\{\w+\}))?$/.exec(written);
  if (match === null || /^(?:\{\{|<%)/.test(written)) {
    if (/\{\{|<%|__/.test(written)) return null;
    t.refuse(directive, `host not found in "${written}" of the "listen" directive`);
    return null;
  }
  const port = match[2] ?? "80";
  if (Number(port) > 65_535) {
    t.refuse(directive, `invalid port in "${written}" of the "listen" directive`);
    return null;
  }
  const host = match[1] === "" || match[1] === "0.0.0.0" ? "*" : match[1]!;
  return `${host}:${port}`;
}
