const NONE: ReadonlySet<string> = new Set();

/**
 * The header section of a request, parsed and validated once (RFC 9110 §5, RFC 9112 §5) and shared by every request that
 * repeats the same bytes: browsers and benchmarks send equal blocks again and again, so parsing is paid once. Immutable but
 * for the memo slot.
 */
export class RequestHeaders {
  /** The block as received, latin-1, lines separated by CRLF, without the blank line. The key of the memo. */
  readonly raw: string;
  /** Field names in lower case, in the order received. */
  readonly names: readonly string[];
  /** Field values, OWS trimmed; `values[i]` belongs to `names[i]`. */
  readonly values: readonly string[];
  /** A slot for the one handler that derives something costly from these headers; `memoOwner` says whose it is. */
  memoOwner: object | null = null;
  /** Names (lower case) about which rules of ours have decided, present or not: behind the body they are not believed either. */
  decided: ReadonlySet<string> = NONE;
  memo: unknown = null;

  constructor(raw: string, names: readonly string[], values: readonly string[]) {
    this.raw = raw;
    this.names = names;
    this.values = values;
  }

  /** The first value of this field (lower-case name), or undefined. */
  get(name: string): string | undefined {
    const index = this.names.indexOf(name);
    return index < 0 ? undefined : this.values[index];
  }

  /** All values of this field joined with ", " (RFC 9110 §5.3), or undefined. */
  list(name: string): string | undefined {
    let joined: string | undefined;
    for (let i = 0; i < this.names.length; i++) {
      if (this.names[i] === name) joined = joined === undefined ? this.values[i] : `${joined}, ${this.values[i]}`;
    }
    return joined;
  }
}
