import { constants, createHash } from "node:crypto";
import type { Socket } from "node:net";
import tls from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { CertificateChoice, defaultPairs, pairOptions } from "../tls/certificate-choice.ts";
import type { SecureSettings } from "./messages.ts";

export interface SecureEvents {
  readonly accepted: (socket: tls.TLSSocket) => void;
  /** The handshake failed; the connection is closed. */
  readonly failed: (socket: Socket, reason: string) => void;
}

/** Turns connections into TLS ones: the handshake, within `timeout` ms, with the certificate for the name that is asked for. */
export class SecureServer {
  readonly #server: tls.Server;
  readonly #http2: boolean;
  readonly #settings: SecureSettings;
  #choice: CertificateChoice;

  /** `http2`: offered by ALPN (RFC 7301), before HTTP/1.1. `timeout`: ms of the handshake. */
  constructor(settings: SecureSettings, http2: boolean, timeout: number, events: SecureEvents) {
    this.#http2 = http2;
    this.#settings = settings;
    this.#choice = choiceOf(settings);
    this.#server = tls.createServer({
      ...contextOptions(settings),
      ...ownPair(settings),
      handshakeTimeout: timeout,
      ...sessions(settings),
      requestCert: settings.clients !== "none",
      rejectUnauthorized: settings.clients === "required",
      ALPNProtocols: http2 ? ["h2", "http/1.1"] : ["http/1.1"],
      allowHalfOpen: true,
      noDelay: true,
      SNICallback: (host, done) => done(null, this.#choice.find(host) ?? undefined),
    });
    this.#server.on("secureConnection", (socket) => {
      // Who may come without a certificate may not come with one that proves nothing.
      const isFalse = settings.clients === "optional" && !socket.authorized && isShown(socket);
      if (!isFalse) return events.accepted(socket);
      socket.destroy();
      events.failed(socket, `the client's certificate: ${socket.authorizationError}`);
    });
    this.#server.on("tlsClientError", (error, socket) => {
      socket.destroy();
      events.failed(socket, error.message);
    });
  }

  /** Takes a connection that has sent nothing yet. */
  take(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  /** Whether these settings differ in nothing but what `renew` changes. */
  fits(settings: SecureSettings, http2: boolean): boolean {
    return http2 === this.#http2 && isDeepStrictEqual({ ...settings, pairs: null }, { ...this.#settings, pairs: null });
  }

  /** Other certificates for handshakes from now on; connections that are open stay as they are. */
  renew(settings: SecureSettings): void {
    this.#choice = choiceOf(settings);
    // Without them Node would make new ones, which no other edge has.
    this.#server.setSecureContext({ ...contextOptions(settings), ...ownPair(settings), ...sessions(settings) });
  }
}

// --- internal ---

function isShown(socket: tls.TLSSocket): boolean {
  return socket.getPeerX509Certificate() !== undefined;
}

function choiceOf(settings: SecureSettings): CertificateChoice {
  return new CertificateChoice(settings.pairs, contextOptions(settings), settings.refuseUnknown);
}

function contextOptions(settings: SecureSettings): tls.SecureContextOptions {
  const { minimum, ciphers, clientAuthorities, clientRevocations } = settings;
  return {
    minVersion: minimum,
    // A client of TLS 1.2 could ask for one handshake after the other, each of which costs us more than it.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(ciphers === null ? {} : { ciphers }),
    ...(clientAuthorities === null ? {} : { ca: clientAuthorities }),
    ...(clientRevocations === null ? {} : { crl: clientRevocations }),
  };
}

/** OpenSSL takes up no session of another context id, whoever sealed it. */
function sessions({ ticketKeys }: SecureSettings): { readonly ticketKeys: Buffer; readonly sessionIdContext: string } {
  const sessionIdContext = createHash("sha256").update(ticketKeys).digest("hex").slice(0, 32);
  return { ticketKeys: Buffer.from(ticketKeys, "base64"), sessionIdContext };
}

/** For clients that name no host. */
function ownPair({ pairs, refuseUnknown }: SecureSettings): tls.SecureContextOptions {
  return refuseUnknown ? {} : pairOptions(defaultPairs(pairs));
}
