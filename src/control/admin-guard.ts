import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { Exchange, Handler } from "../http/exchange.ts";

export interface GuardSettings {
  /** The token, read or made when it is first needed; throws when that can't be done. */
  readonly token: () => string;
  /** Where it is, for who lacks it. */
  readonly tokenFile: string;
  /** Told what keeps the token from being read; clients are not. */
  readonly failed: (reason: string) => void;
  /** The host of the admin address, as configured. */
  readonly host: string;
  /** `/metrics` needs no token. */
  readonly openMetrics: boolean;
}

/** For load balancers, which hold no token. */
const OPEN = new Set(["/livez", "/readyz"]);

/**
 * Stands before the control API on TCP. A token in `Authorization: Bearer` for all but the probes; no browser sends that on its
 * own, so no page of elsewhere can (CSRF). A Host that is neither an address nor ours is refused, so that no name that was pointed
 * here (DNS rebinding) reads an answer; and what says that it comes from another site is refused whatever it holds.
 */
export function guarded(handler: Handler, settings: GuardSettings): Handler {
  let expected: Buffer | null = null;
  const holds = (exchange: Exchange): boolean => {
    expected ??= digest(settings.token());
    return holdsToken(exchange, expected);
  };
  return {
    handle(exchange) {
      if (!isOurs(exchange.host, settings.host))
        return exchange.fail(421, "The control API is not served under this name");
      if (isForeign(exchange)) return exchange.fail(403, "The control API is not for other sites' pages");
      const open = OPEN.has(exchange.path) || (settings.openMetrics && exchange.path === "/metrics");
      if (!open) {
        try {
          if (!holds(exchange)) return exchange.fail(401, `This needs the token in ${settings.tokenFile}`, CHALLENGE);
        } catch (error) {
          settings.failed(error instanceof Error ? error.message : String(error));
          return exchange.fail(500, "");
        }
      }
      handler.handle(exchange);
    },
  };
}

const CHALLENGE = [["WWW-Authenticate", 'Bearer realm="propylon"']] as const;

function holdsToken(exchange: Exchange, expected: Buffer): boolean {
  const match = /^bearer +(\S+)$/i.exec(exchange.headers.get("authorization") ?? "");
  // Digests have one length, and what was right in them says nothing of the token.
  return match !== null && timingSafeEqual(digest(match[1]!), expected);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** HTTP/1.0 may name no host; probes of load balancers do so. */
function isOurs(host: string, own: string): boolean {
  const plain = host.replace(/^\[|\]$/g, "");
  return plain === "" || plain === "localhost" || isIP(plain) !== 0 || plain === own.toLowerCase();
}

/** A browser's word on where a request comes from (Fetch Metadata, and Origin where that is missing). */
function isForeign({ headers, host }: Exchange): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== undefined && site !== "none" && site !== "same-origin") return true;
  const origin = headers.get("origin");
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).hostname !== host;
}
