import type { Place } from "../../base/errors.ts";
import { approximated, ignored, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { ApacheNode } from "./parse.ts";

/** What a server or virtual host says of TLS, as read so far. */
export interface TlsDraft {
  readonly certificates: string[];
  readonly keys: string[];
  /** SSLCertificateChainFile. */
  chain: string | null;
  authority: string | null;
  verify: "none" | "optional" | "required";
  minimum: "1.2" | "1.3" | null;
  ciphers: string | null;
  /** Where SSLEngine is turned on; null: it is not. */
  engine: { readonly place: Place; readonly name: string } | null;
}

export function newTls(): TlsDraft {
  return {
    certificates: [],
    keys: [],
    chain: null,
    authority: null,
    verify: "none",
    minimum: null,
    ciphers: null,
    engine: null,
  };
}

/** What the virtual host has of its own, and from the main server where it says nothing. */
export function inheritTls(host: TlsDraft, server: TlsDraft): TlsDraft {
  return {
    certificates: host.certificates.length > 0 ? host.certificates : server.certificates,
    keys: host.keys.length > 0 ? host.keys : server.keys,
    chain: host.chain ?? server.chain,
    authority: host.authority ?? server.authority,
    verify: host.verify === "none" ? server.verify : host.verify,
    minimum: host.minimum ?? server.minimum,
    ciphers: host.ciphers ?? server.ciphers,
    engine: host.engine,
  };
}

/** Takes in a directive of mod_ssl; null: it is another's, or says nothing to us. */
export function readTls({ key, args, place, name }: ApacheNode, tls: TlsDraft): Outcome | null {
  const [first = ""] = args;
  switch (key) {
    case "sslengine":
      tls.engine = /^(?:on|optional)$/i.test(first) ? { place, name } : null;
      return mapped();
    case "sslcertificatefile":
      if (first === "") return undecided("it names no file");
      tls.certificates.push(first);
      return mapped("among several certificates on one address the names in them decide");
    case "sslcertificatekeyfile":
      if (first === "") return undecided("it names no file");
      tls.keys.push(first);
      return mapped();
    case "sslcertificatechainfile":
      if (first === "") return undecided("it names no file");
      tls.chain = first;
      return mapped();
    case "sslcacertificatefile":
      if (first === "") return undecided("it names no file");
      tls.authority = first;
      return mapped();
    case "sslverifyclient":
      tls.verify = /^require$/i.test(first) ? "required" : /^optional$/i.test(first) ? "optional" : "none";
      return /^optional_no_ca$/i.test(first)
        ? undecided("certificates of unknown authorities are refused here")
        : approximated("it holds for every host on the address");
    case "sslprotocol":
      return readProtocols(args, tls);
    case "sslciphersuite":
      if (args.length > 1) return ignored("suites of TLS 1.3 are OpenSSL's own");
      // A list for old clients (`HIGH:MEDIUM:...`) would bring back what nobody speaks any more.
      if (/^[A-Z0-9-]+(?::[A-Z0-9-]+)*$/.test(first) && first.includes("GCM")) tls.ciphers = first;
      return tls.ciphers === null ? approximated("the safe suites are spoken") : mapped();
    default:
      return null;
  }
}

/** `SSLProtocol all -TLSv1.2`, `TLSv1.2 +TLSv1.3`. */
function readProtocols(args: readonly string[], tls: TlsDraft): Outcome {
  const spoken = new Set<string>();
  for (const word of args) {
    const name = word.replace(/^[+-]/, "").toLowerCase();
    const named = name === "all" ? ["tlsv1.2", "tlsv1.3"] : [name];
    if (!/^[+-]/.test(word)) spoken.clear();
    for (const one of named)
      if (word.startsWith("-")) spoken.delete(one);
      else spoken.add(one);
  }
  const old = [...spoken].some((name) => !/^tlsv1\.[23]$/.test(name));
  tls.minimum = spoken.has("tlsv1.3") && spoken.size === 1 ? "1.3" : "1.2";
  if (old || !spoken.has("tlsv1.3")) return approximated("TLS 1.2 and 1.3 are spoken, or 1.3 alone; older ones never");
  return mapped();
}

/** The listener of an address with the TLS that its virtual hosts want; the address alone where none does. */
export function listenerOf(address: string, drafts: readonly TlsDraft[], ledger: Ledger): unknown {
  const secure = drafts.filter(({ engine }) => engine !== null);
  if (secure.length === 0) return address;
  const pairs = new Map<string, Plain>();
  for (const { certificates, keys, chain, engine } of secure) {
    if (certificates.length === 0)
      ledger.say(
        engine!.place,
        engine!.name,
        undecided("there is no SSLCertificateFile: this address answers plain HTTP"),
      );
    // One file may hold both.
    for (const [at, certificate] of certificates.entries())
      pairs.set(certificate, {
        certificate,
        ...(chain === null ? {} : { chain }),
        key: keys[at] ?? keys[0] ?? certificate,
      });
  }
  if (pairs.size === 0) return address;
  const strict = secure.find(({ verify, authority }) => verify !== "none" && authority !== null);
  const required = secure.every(({ verify }) => verify === "required");
  return {
    address,
    tls: {
      certificates: [...pairs.values()],
      ...(strict === undefined ? {} : { client_ca: strict.authority, client: required ? "required" : "optional" }),
      ...(secure.every(({ minimum }) => minimum === "1.3") ? { minimum: "1.3" } : {}),
      ...(secure[0]!.ciphers === null ? {} : { ciphers: secure[0]!.ciphers }),
    },
  };
}
