import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

/**
 * What is known of a client's TLS connection, looked up when something asks. All texts are empty where there is nothing to say, as
 * after the connection has gone.
 */
export class SecureSession {
  readonly #socket: TLSSocket;
  #certificate: X509Certificate | null | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** `TLSv1.3`. */
  get protocol(): string {
    return this.#socket.getProtocol() ?? "";
  }

  /** The suite in OpenSSL's spelling. */
  get cipher(): string {
    // Node's types know no connection that has gone.
    return (this.#socket.getCipher() as { readonly name: string } | undefined)?.name ?? "";
  }

  /** The host that the client asked for (RFC 6066 §3). */
  get serverName(): string {
    const { servername } = this.#socket as { readonly servername?: string | false | null };
    return servername || "";
  }

  /** What both agreed to speak (RFC 7301). */
  get protocolName(): string {
    return this.#socket.alpnProtocol || "";
  }

  /** The session is one that went on (a ticket). */
  get resumed(): boolean {
    return this.#socket.isSessionReused();
  }

  /** The certificate that the client has shown; null: none. */
  get certificate(): X509Certificate | null {
    this.#certificate ??= this.#socket.getPeerX509Certificate() ?? null;
    return this.#certificate;
  }

  /** `NONE` without a certificate of the client, `SUCCESS`, or `FAILED:` and what OpenSSL says of it. */
  get verdict(): string {
    if (this.certificate === null) return "NONE";
    if (this.#socket.authorized) return "SUCCESS";
    const code = String(this.#socket.authorizationError ?? "");
    return `FAILED:${REASONS[code] ?? code.toLowerCase().replaceAll("_", " ")}`;
  }
}

/** OpenSSL's words (X509_verify_cert_error_string(3)) for the commonest of Node's codes. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  CERT_REVOKED: "certificate revoked",
  CERT_SIGNATURE_FAILURE: "certificate signature failure",
  CERT_UNTRUSTED: "certificate not trusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
  INVALID_CA: "invalid CA certificate",
  INVALID_PURPOSE: "unsuitable certificate purpose",
  SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in certificate chain",
  UNABLE_TO_GET_CRL: "unable to get certificate CRL",
  UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
};
