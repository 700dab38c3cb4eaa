/** Why a file can't be served: the status of the answer, and the error code for the log where a person should hear of it. */
export interface Failure {
  readonly kind: "failure";
  readonly status: 403 | 404 | 500 | 503;
  /** A system call's error code that the site's owner can do something about; null for what any client can cause. */
  readonly code: string | null;
}

export const NOT_FOUND: Failure = { kind: "failure", status: 404, code: null };

/** The failure that a system call's error stands for. */
export function failureOf(error: unknown): Failure {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
  if (ABSENT.has(code)) return NOT_FOUND;
  if (code === "EACCES" || code === "EPERM") return { kind: "failure", status: 403, code };
  return { kind: "failure", status: EXHAUSTED.has(code) ? 503 : 500, code };
}

/** What is said to the client. */
export const REASONS: Readonly<Record<Failure["status"], string>> = {
  403: "This file may not be read",
  404: "There is no such file",
  500: "The file could not be read",
  503: "The server is short of resources, try again",
};

// ENXIO, ENODEV, EOPNOTSUPP: a socket, or a device without a driver.
const ABSENT = new Set([
  "ENOENT",
  "ENOTDIR",
  "ENAMETOOLONG",
  "ELOOP",
  "EISDIR",
  "ENXIO",
  "ENODEV",
  "EOPNOTSUPP",
  "EINVAL",
  "EILSEQ",
]);
const EXHAUSTED = new Set(["EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EBUSY"]);
