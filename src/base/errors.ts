/** Where in a file something stands: 1-based line and column, as editors count. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** user: the input is wrong (exit 1); usage: the command line is wrong (exit 2); internal: our fault (exit 70). */
export type ErrorKind = "user" | "usage" | "internal";

const EXIT_CODES: Record<ErrorKind, number> = { user: 1, usage: 2, internal: 70 };

/**
 * An error that a person can act on: what was wrong (`message`), where (`place`), and what to do instead (`remedy`).
 * `message` says the action that failed, quotes the value, and ends without a full stop.
 */
export class PropylonError extends Error {
  override readonly name = "PropylonError";
  readonly kind: ErrorKind;
  readonly place: Place | undefined;
  readonly remedy: string | undefined;

  constructor(kind: ErrorKind, message: string, details: { place?: Place; remedy?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.place = details.place;
    this.remedy = details.remedy;
  }
}

/** Several problems found together, so that one run shows them all. */
export class ProblemList extends PropylonError {
  readonly problems: readonly PropylonError[];

  constructor(problems: readonly PropylonError[]) {
    super("user", problems.map((problem) => describe(problem)).join("\n"));
    this.problems = problems;
  }
}

/** The process exit code for an error: 1 user, 2 usage, 70 anything that we did not expect. */
export function exitCode(error: unknown): number {
  return error instanceof PropylonError ? EXIT_CODES[error.kind] : 70;
}

/** `file:line:col: message`, then the remedy on a line of its own. */
export function describe(error: PropylonError): string {
  if (error instanceof ProblemList) return error.message;
  const place = error.place ? `${describePlace(error.place)}: ` : "";
  return `${place}${error.message}${error.remedy ? `\n  ${error.remedy}` : ""}`;
}

export function describePlace(place: Place): string {
  const line = place.line === undefined ? "" : `:${place.line}`;
  return `${place.file}${line}${place.line === undefined || place.column === undefined ? "" : `:${place.column}`}`;
}

/** Whether a system call failed with this code (`ENOENT`, `EADDRINUSE`, ...). */
export function hasCode(error: unknown, code: string): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && error.code === code;
}
