import type { BasicConfig } from "../config/policy-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import { stateOf } from "../template/request-state.ts";
import type { Check, Denial, Verdict } from "./check.ts";
import type { PasswordChecker } from "./password-checker.ts";
import type { UserFile } from "./user-file.ts";

export interface BasicAuthParts {
  readonly passwords: PasswordChecker;
  /** The users of `config.file`; null without one. */
  readonly file: UserFile | null;
  readonly realm: (exchange: Exchange) => string;
}

/** Of no password: what is compared with where there is no user at all. */
const NOBODY = "$2y$10$abcdefghijklmnopqrstuuOzKj0CqLhFkXZPdRPZQ2sYqJ6sGqvXm";

const BUSY: Denial = {
  status: 503,
  reason: "Too many passwords wait to be checked",
  headers: [["Retry-After", "1"]],
};

/** Asks for a name and a password: Basic authentication (RFC 7617). Who passes is REMOTE_USER and `{remote_user}`. */
export class BasicAuth implements Check {
  readonly #config: BasicConfig;
  readonly #parts: BasicAuthParts;
  readonly #own: ReadonlyMap<string, string>;
  readonly #only: ReadonlySet<string> | null;
  readonly #without = new WeakMap<RequestHeaders, RequestHeaders>();

  constructor(config: BasicConfig, parts: BasicAuthParts) {
    this.#config = config;
    this.#parts = parts;
    // Names are bytes in requests.
    const bytes = (text: string): string => Buffer.from(text).latin1Slice();
    this.#own = new Map(Object.entries(config.users).map(([name, hash]) => [bytes(name), hash]));
    this.#only = config.only === null ? null : new Set(config.only.map(bytes));
  }

  check(exchange: Exchange, done: (verdict: Verdict) => void): void {
    const given = credentialsOf(exchange);
    if (given === null) return done(this.#denial(exchange));
    const { name, password } = given;
    const file = this.#parts.file?.users(performance.now());
    const hash = this.#own.get(name) ?? file?.get(name);
    // A name that nobody has takes as long as one that somebody has.
    const like = hash ?? this.#own.values().next().value ?? file?.values().next().value ?? NOBODY;
    this.#parts.passwords.check(password, like, (result) => {
      if (exchange.aborted) return;
      if (result === "busy") return done(BUSY);
      if (result === "wrong" || hash === undefined || this.#only?.has(name) === false)
        return done(this.#denial(exchange));
      const state = stateOf(exchange);
      state.user = name;
      state.authType = "Basic";
      if (!this.#config.pass) exchange.headers = this.#withoutAuthorization(exchange.headers);
      done("pass");
    });
  }

  // --- internal ---

  #denial(exchange: Exchange): Denial {
    const realm = this.#parts
      .realm(exchange)
      .replace(/[\x00-\x1f\x7f]+/g, " ")
      .replace(/["\\]/g, "\\$&");
    return {
      status: 401,
      reason: "This needs a name and a password",
      headers: [["WWW-Authenticate", `Basic realm="${realm}", charset="UTF-8"`]],
    };
  }

  #withoutAuthorization(headers: RequestHeaders): RequestHeaders {
    let without = this.#without.get(headers);
    if (without === undefined) {
      const kept = headers.names
        .map((name, i) => [name, headers.values[i]!] as const)
        .filter(([name]) => name !== "authorization");
      without = new RequestHeaders(
        kept.map(([name, value]) => `${name}: ${value}`).join("\r\n"),
        kept.map(([name]) => name),
        kept.map(([, value]) => value),
      );
      this.#without.set(headers, without);
    }
    return without;
  }
}

/** Name (latin-1, one character a byte) and password of the request; null: none, or nothing that could be some. */
function credentialsOf({ headers }: Exchange): { readonly name: string; readonly password: Buffer } | null {
  const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(headers.get("authorization") ?? "");
  if (match === null) return null;
  const pair = Buffer.from(match[1]!, "base64");
  const colon = pair.indexOf(":");
  if (colon <= 0) return null;
  // RFC 7617 §2: neither may hold control characters.
  for (const byte of pair) if (byte < 0x20 || byte === 0x7f) return null;
  return { name: pair.latin1Slice(0, colon), password: pair.subarray(colon + 1) };
}
