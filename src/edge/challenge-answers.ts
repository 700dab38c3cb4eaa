import type { Exchange, Handler } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";

/** Where authorities ask (RFC 8555 §8.3). */
const PREFIX = "/.well-known/acme-challenge/";
const HEAD = new ResponseHead(200, [["Content-Type", "application/octet-stream"]]);

/** Answers the challenges that run, before sites, redirects and access rules have a say; all else is the inner handler's. */
export class ChallengeAnswers implements Handler {
  readonly #inner: () => Handler;
  #answers: ReadonlyMap<string, string> = new Map();

  constructor(inner: () => Handler) {
    this.#inner = inner;
  }

  /** Whether any challenge runs: else nothing has to pass through here. */
  get waiting(): boolean {
    return this.#answers.size > 0;
  }

  /** By token; those before are forgotten. */
  set(answers: Readonly<Record<string, string>>): void {
    this.#answers = new Map(Object.entries(answers));
  }

  handle(exchange: Exchange): void {
    const answer = exchange.path.startsWith(PREFIX) ? this.#answers.get(exchange.path.slice(PREFIX.length)) : undefined;
    if (answer === undefined) this.#inner().handle(exchange);
    else exchange.respond(HEAD, Buffer.from(answer));
  }
}
