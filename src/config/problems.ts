import type { z } from "zod";
import { didYouMean } from "../base/did-you-mean.ts";
import { type Place, PropylonError } from "../base/errors.ts";
import { settingsSchema } from "./schema.ts";
import { describeOrigin, type Origin, originAt, type Path, type Sourced, valueAt } from "./sourced.ts";
import { keysAt } from "./walk.ts";

/** Words of the documentation that this version does not build yet; better said than guessed at. */
const LATER = new Set("build middleware stats".split(" "));

interface Details {
  /** Point at the key rather than the value. */
  readonly at?: "key" | "value";
  readonly remedy?: string;
  readonly cause?: unknown;
  /** Other settings that the problem is about as much. */
  readonly with?: readonly Path[];
}

/** Collects what is wrong with a document, each problem at the place where it was written. */
export class Problems {
  readonly errors: PropylonError[] = [];
  readonly warnings: PropylonError[] = [];
  readonly #subjects = new Map<PropylonError, readonly Path[]>();
  readonly #document: Sourced;

  constructor(document: Sourced) {
    this.#document = document;
  }

  /** `message` follows the setting's name: `apps.person.workers: expected ...`. */
  error(path: Path, message: string, details: Details = {}): void {
    this.errors.push(this.#problem(path, message, details));
  }

  warn(path: Path, message: string, details: Details = {}): void {
    this.warnings.push(this.#problem(path, message, details));
  }

  /** Takes over those of another collection that say nothing about what passes the test. */
  addAllExcept(other: Problems, isAbout: (path: Path) => boolean): void {
    const kept = (problem: PropylonError): boolean => !(other.#subjects.get(problem) ?? []).some(isAbout);
    this.errors.push(...other.errors.filter(kept));
    this.warnings.push(...other.warnings.filter(kept));
  }

  /** A problem in another file than the configuration. */
  errorIn(place: Place, message: string): void {
    this.errors.push(new PropylonError("user", message, { place }));
  }

  /** Whether a list is written there, and not the one value that may stand for it. */
  isList(path: Path): boolean {
    return valueAt(this.#document, path)?.kind === "list";
  }

  /** Which layer something comes from. */
  layerOf(path: Path): Origin["layer"] {
    return originAt(this.#document, path).layer;
  }

  /** Where something was written, to name it in another problem. */
  placeOf(path: Path): string {
    return describeOrigin(originAt(this.#document, path));
  }

  #problem(path: Path, message: string, details: Details): PropylonError {
    const { place, profile } = originAt(this.#document, path, details.at);
    const shown = describePath(asWritten(this.#document, path));
    const subject = shown === "" ? "" : `${shown}: `;
    const suffix = profile === undefined ? "" : ` (in profile ${profile})`;
    const problem = new PropylonError("user", `${subject}${message}${suffix}`, {
      place,
      ...(details.remedy === undefined ? {} : { remedy: details.remedy }),
      ...(details.cause === undefined ? {} : { cause: details.cause }),
    });
    this.#subjects.set(problem, [path, ...(details.with ?? [])]);
    return problem;
  }
}

/** Adds what the schema refuses; returns the paths of what it refused. */
export function addSchemaProblems(issues: readonly z.core.$ZodIssue[], document: Sourced, problems: Problems): Path[] {
  const refused: Path[] = [];
  for (const issue of issues.flatMap((found) => unfold(found, []))) {
    const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        refused.push([...path, key]);
        problems.error([...path, key], unknownKey(key), { at: "key", ...unknownKeyRemedy(key, path, document) });
      }
      continue;
    }
    refused.push(path);
    if (issue.code === "invalid_key") problems.error(path, issue.issues[0]?.message ?? "bad name", { at: "key" });
    else problems.error(path, issue.message.replace(/^(expected [\s\S]*), got nothing$/, "missing: $1"));
  }
  return refused;
}

/** `apps.person.workers`, `sites[0].routes[2].path`; names that hold dots are quoted. */
export function describePath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const name = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

/** Without the steps below a short form: `static: ./public` has no `static.root` to look for. */
function asWritten(document: Sourced, path: Path): Path {
  const end = path.findIndex((_, index) => index > 0 && valueAt(document, path.slice(0, index))?.kind === "scalar");
  return end < 0 ? path : path.slice(0, end);
}

function unknownKey(key: string): string {
  if (LATER.has(key)) return "not supported by this version";
  return key === "<<" ? "merge keys are not YAML 1.2" : "unknown key";
}

function unknownKeyRemedy(key: string, path: Path, document: Sourced): { readonly remedy?: string } {
  if (LATER.has(key)) return {};
  if (/^(?:uwsgi|fastcgi|scgi)$/.test(key)) return { remedy: `write proxy: ${key}://127.0.0.1:9000` };
  if (key === "<<") return { remedy: "use an alias for a whole section, or a profile" };
  const keys = keysAt(settingsSchema, document, path);
  // As others call it: what is meant depends on who answers.
  if (/^(?:read_)?timeout$/.test(key) && keys.includes("deadline"))
    return { remedy: "write deadline for an app, and read_timeout in the section of a proxy" };
  const remedy = didYouMean(key, keys) ?? (keys.length > 0 ? `the keys here are ${keys.join(", ")}` : undefined);
  return remedy === undefined ? {} : { remedy };
}

/** Of a choice between forms, the problems of the form that was meant: a map means the section, and so on. */
function unfold(issue: z.core.$ZodIssue, before: readonly PropertyKey[]): z.core.$ZodIssue[] {
  const path = [...before, ...issue.path];
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ ...issue, path }];
  const branches = issue.errors.map((issues) => issues.flatMap((inner) => unfold(inner, path)));
  const meant = branches.filter(
    (branch) => !branch.some((inner) => inner.path.length === path.length && isWrongForm(inner)),
  );
  return meant.length === 1
    ? meant[0]!
    : [withMessage(meant.length > 1 ? meant.flat() : branches.flat(), { ...issue, path })];
}

function isWrongForm(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_union";
}

/** Nothing fits: say what would. A kind's own message is kept as it is. */
function withMessage(branches: readonly z.core.$ZodIssue[], issue: z.core.$ZodIssue): z.core.$ZodIssue {
  const wanted = branches.map((inner) => /^expected (.+), got (.+)$/.exec(inner.message));
  const got = wanted.find((match) => match !== null)?.[2];
  if (got === undefined) return { ...issue, message: issue.message };
  const forms = [...new Set(wanted.flatMap((match) => (match === null ? [] : [match[1]!])))];
  return { ...issue, message: `expected ${forms.join(" or ")}, got ${got}` };
}
