/** The flags of a `RewriteRule`. */
export interface RewriteFlags {
  readonly last: boolean;
  readonly ignoreCase: boolean;
  /** Status of a redirect. */
  readonly redirect: number | null;
  /** Status of an error. */
  readonly fail: number | null;
  readonly proxy: boolean;
  /** PT: what it leads to may be an alias or another handler. */
  readonly passes: boolean;
  /** QSA. */
  readonly appends: boolean;
  /** QSD. */
  readonly discards: boolean;
  /** NE. */
  readonly noEscape: boolean;
  readonly chained: boolean;
  /** Rules that follow and are passed over. */
  readonly skip: number;
  /** `NAME:VALUE` of each E. */
  readonly environment: readonly string[];
  /** Flags that nothing here does. */
  readonly unknown: readonly string[];
}

const REDIRECTS: Readonly<Record<string, number>> = { permanent: 301, temp: 302, seeother: 303 };
/** They say what holds here anyhow. */
const WITHOUT_EFFECT =
  /^(?:NS|nosubreq|DPI|discardpath|B|BNP|BNE|BCTLS|backrefnoplus|UnsafeAllow3F|UnsafePrefixStat)$/i;

/** Reads `[L,R=301,NC]`. */
export function readFlags(text: string): RewriteFlags {
  const environment: string[] = [];
  const unknown: string[] = [];
  const flags = {
    last: false,
    ignoreCase: false,
    redirect: null as number | null,
    fail: null as number | null,
    proxy: false,
    passes: false,
    appends: false,
    discards: false,
    noEscape: false,
    chained: false,
    skip: 0,
  };
  const words = text.replace(/^\[|\]$/g, "").split(",");
  for (const word of words.map((each) => each.trim()).filter((each) => each !== "")) {
    const equals = word.indexOf("=");
    const name = (equals < 0 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals < 0 ? "" : word.slice(equals + 1);
    switch (name) {
      case "L":
      case "LAST":
      case "END":
        flags.last = true;
        break;
      case "NC":
      case "NOCASE":
        flags.ignoreCase = true;
        break;
      case "R":
      case "REDIRECT": {
        const status = value === "" ? 302 : (REDIRECTS[value.toLowerCase()] ?? Number(value));
        if ([301, 302, 303, 307, 308].includes(status)) flags.redirect = status;
        else if (status >= 400 && status <= 599) flags.fail = status;
        else unknown.push(word);
        break;
      }
      case "F":
      case "FORBIDDEN":
        flags.fail = 403;
        break;
      case "G":
      case "GONE":
        flags.fail = 410;
        break;
      case "P":
      case "PROXY":
        flags.proxy = true;
        break;
      case "PT":
      case "PASSTHROUGH":
        flags.passes = true;
        flags.last = true;
        break;
      case "QSA":
      case "QSAPPEND":
        flags.appends = true;
        break;
      case "QSD":
      case "QSDISCARD":
        flags.discards = true;
        break;
      case "NE":
      case "NOESCAPE":
        flags.noEscape = true;
        break;
      case "C":
      case "CHAIN":
        flags.chained = true;
        break;
      case "S":
      case "SKIP":
        flags.skip = Number(value) || 0;
        break;
      case "E":
      case "ENV":
        environment.push(value);
        break;
      default:
        if (!WITHOUT_EFFECT.test(name)) unknown.push(word);
    }
  }
  return { ...flags, environment, unknown };
}
