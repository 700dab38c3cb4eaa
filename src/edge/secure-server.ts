import type { Socket } from "node:net";
import tls from "node:tls";
import { CertificateChoice } from "../tls/certificate-choice.ts";
import type { SecureSettings } from "./messages.ts";

export interface SecureEvents {
  readonly accepted: (socket: tls.TLSSocket) => void;
  /** The handshake failed; the connection is closed. */
  readonly failed: (socket: Socket, reason: string) => void;
}

/** Turns connections into TLS ones: the handshake, within `timeout` ms, with the certificate for the name that is asked for. */
export class SecureServer {
  readonly #server: tls.Server;
  #choice: CertificateChoice;

  /** `http2`: offered by ALPN (RFC 7301), before HTTP/1.1. `timeout`: ms of the handshake. */
  constructor(settings: SecureSettings, http2: boolean, timeout: number, events: SecureEvents) {
    this.#choice = choiceOf(settings);
    this.#server = tls.createServer({
      ...contextOptions(settings),
      ...ownPair(settings),
      handshakeTimeout: timeout,
      ticketKeys: Buffer.from(settings.ticketKeys, "base64"),
      requestCert: settings.clientAuthorities !== null,
      rejectUnauthorized: settings.clientRequired,
      ALPNProtocols: http2 ? ["h2", "http/1.1"] : ["http/1.1"],
      allowHalfOpen: true,
      noDelay: true,
      SNICallback: (host, done) => done(null, this.#choice.find(host)),
    });
    this.#server.on("secureConnection", events.accepted);
    this.#server.on("tlsClientError", (error, socket) => {
      socket.destroy();
      events.failed(socket, error.message);
    });
  }

  /** Takes a connection that has sent nothing yet. */
  take(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  /** Other certificates for handshakes from now on; connections that are open stay as they are. */
  renew(settings: SecureSettings): void {
    this.#choice = choiceOf(settings);
    this.#server.setSecureContext({ ...contextOptions(settings), ...ownPair(settings) });
  }
}

// --- internal ---

function choiceOf(settings: SecureSettings): CertificateChoice {
  return new CertificateChoice(settings.pairs, contextOptions(settings));
}

function contextOptions({ minimum, ciphers, clientAuthorities }: SecureSettings): tls.SecureContextOptions {
  return {
    minVersion: minimum,
    ...(ciphers === null ? {} : { ciphers }),
    ...(clientAuthorities === null ? {} : { ca: clientAuthorities }),
  };
}

/** For clients that name no host. */
function ownPair({ pairs }: SecureSettings): { readonly cert: string; readonly key: string } {
  const { certificate, key } = pairs[0]!;
  return { cert: certificate, key };
}
