/** What an expression of a configuration can be. Tuples are lists; what Python calls None is null. */
export type PythonValue =
  | number
  | string
  | boolean
  | null
  | readonly PythonValue[]
  | ReadonlyMap<string, PythonValue>
  | Named;

/** A module, function or type, by its dotted name: `os.environ`, `multiprocessing.cpu_count`. */
export interface Named {
  readonly named: string;
  /** Of a function of the file's own. */
  readonly call?: (given: {
    readonly list: readonly PythonValue[];
    readonly named: ReadonlyMap<string, PythonValue>;
  }) => PythonValue;
}

/** The value depends on something that only running the file would tell. */
export class CannotTell extends Error {}

/** The value can't be had: Python raises an exception, which the file may expect. */
export class Raised extends CannotTell {
  readonly #exception: string;

  constructor(exception: "KeyError" | "IndexError" | "ValueError" | "TypeError", message: string) {
    super(message);
    this.#exception = exception;
  }

  /** Whether `except NAME` catches it. */
  readonly isA = (name: string): boolean =>
    name === this.#exception ||
    name === "Exception" ||
    name === "BaseException" ||
    (name === "LookupError" && /^(?:Key|Index)Error$/.test(this.#exception));
}

export function isNamed(value: PythonValue): value is Named {
  return typeof value === "object" && value !== null && "named" in value;
}

export function isList(value: PythonValue): value is readonly PythonValue[] {
  return Array.isArray(value);
}

export function isTrue(value: PythonValue): boolean {
  if (isList(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return value !== null && value !== false && value !== 0 && value !== "";
}

/** As `str()` writes it, for what configurations format. */
export function textOf(value: PythonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new CannotTell("a list, a section or a function as text");
}
