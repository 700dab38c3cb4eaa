import { PropylonError } from "../base/errors.ts";
import type { Exchange } from "../http/exchange.ts";

/** A JSON object, as sent. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads the request's body as a JSON object ({} when it is empty) and calls back once: with it, or with what is wrong. */
export function readJson(exchange: Exchange, done: (value: JsonObject | PropylonError) => void): void {
  const pieces: Buffer[] = [];
  exchange.body.read({
    data: (chunk) => {
      pieces.push(Buffer.from(chunk));
    },
    end: () => done(parse(Buffer.concat(pieces).toString("utf8"))),
    fail: (_status, reason) => done(new PropylonError("user", `The request's body can't be read: ${reason}`)),
  });
}

function parse(text: string): JsonObject | PropylonError {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // said below
  }
  return new PropylonError("user", "The request's body is not a JSON object", { remedy: 'send {"name": "value"}' });
}
