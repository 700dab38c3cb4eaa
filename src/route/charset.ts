import type { CharsetConfig } from "../config/route-model.ts";
import { ResponseHead } from "../http/response-head.ts";

/** Names the charset of texts whose type names none (RFC 9110 §8.3.2), as NGINX's `charset` does. */
export class Charset {
  readonly #name: string;
  readonly #types: ReadonlySet<string>;

  constructor({ name, types }: CharsetConfig) {
    this.#name = name;
    this.#types = new Set(types);
  }

  /** The head with the charset in its Content-Type, where it belongs there. */
  apply(head: ResponseHead): ResponseHead {
    const at = head.headers.findIndex(([name]) => name.length === 12 && name.toLowerCase() === "content-type");
    if (at < 0) return head;
    const [field, written] = head.headers[at]!;
    const [, type, parameters] = /^\s*([^\s;]*)\s*(.*)$/s.exec(written)!;
    if (CHARSET.test(parameters!) || !this.#takes(type!.toLowerCase())) return head;
    return new ResponseHead(
      head.status,
      head.headers.with(at, [field, `${type}; charset=${this.#name}${parameters!}`]),
    );
  }

  #takes(type: string): boolean {
    return this.#types.has(type) || (type !== "" && this.#types.has("*"));
  }
}

const CHARSET = /;\s*charset=/i;
