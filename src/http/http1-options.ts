import type { Socket } from "node:net";
import type { ExchangeObserver, Handler } from "./exchange.ts";
import type { ProxiedConnection } from "./proxy-protocol.ts";
import type { SecureSession } from "./secure-session.ts";
import type { Http1Settings } from "./settings.ts";

/** What a connection is made with. */
export interface Http1Options {
  /** Looked up for each request, so that a reload swaps it. */
  readonly handler: () => Handler;
  readonly settings: Http1Settings;
  readonly observer: ExchangeObserver;
  readonly secure: boolean;
  /** What is known of the TLS that the connection is spoken on; absent without. */
  readonly session?: SecureSession;
  /** The listener's port; 0 for a Unix socket. */
  readonly localPort: number;
  /** The listener's address as configured. */
  readonly address: string;
  /**
   * Asked before a connection's first request is refused: whether what begins with this line belongs to another protocol, which then has
   * the socket; `input` is all that was read, empty when more came before the line. The connection goes on to be counted by the engine of HTTP/1.1.
   */
  readonly takeOver?: (socket: Socket, line: string, input: Buffer) => boolean;
  /** What a PROXY protocol header said of the connection, and whether it is to be taken for the client's; absent: none came. */
  readonly proxied?: { readonly connection: ProxiedConnection | null; readonly take: boolean };
}
