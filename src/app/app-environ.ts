import type { Exchange } from "../http/exchange.ts";
import type { CompiledTemplate } from "../template/template.ts";
import type { BlockContext } from "./request-block.ts";

/** Contexts kept for values seen before, so that the memo of header blocks holds. */
const CONTEXTS = 64;

/** Keys of a REQUEST frame's head, in their order (docs/worker-protocol.md). */
const HEAD_KEYS = ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_PORT", "REQUEST_URI"];

/** The `environ` of a route: what an app is told besides, or in place of, what we know. */
export class AppEnviron {
  readonly #base: BlockContext;
  /** What goes into the block, which repeats from request to request. */
  readonly #block: readonly (readonly [string, CompiledTemplate])[];
  /** By place in the head. */
  readonly #head: readonly (readonly [number, CompiledTemplate])[];
  /** By their `extra`, the oldest first. */
  readonly #contexts = new Map<string, BlockContext>();

  constructor(environ: readonly (readonly [string, CompiledTemplate])[], base: BlockContext) {
    this.#base = base;
    this.#block = environ.filter(([key]) => !HEAD_KEYS.includes(key));
    this.#head = environ
      .filter(([key]) => HEAD_KEYS.includes(key))
      .map(([key, value]) => [HEAD_KEYS.indexOf(key), value] as const);
  }

  /** The same object for the same values. */
  context(exchange: Exchange): BlockContext {
    let extra = "";
    for (const [key, value] of this.#block) extra += `\0${key}\0${withoutNul(value.evaluate(exchange))}`;
    let context = this.#contexts.get(extra);
    if (context === undefined) {
      context = { ...this.#base, extra };
      if (this.#contexts.size >= CONTEXTS) this.#contexts.delete(this.#contexts.keys().next().value!);
      this.#contexts.set(extra, context);
    }
    return context;
  }

  /** The head with its fields replaced. */
  head(exchange: Exchange, head: string): string {
    if (this.#head.length === 0) return head;
    const fields = head.split("\0");
    for (const [place, value] of this.#head) fields[place] = withoutNul(value.evaluate(exchange));
    return fields.join("\0");
  }
}

/** NUL separates keys and values. */
function withoutNul(value: string): string {
  return value.replaceAll("\0", "");
}
