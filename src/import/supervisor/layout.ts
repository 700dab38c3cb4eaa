/** One process of supervisor's and the program (and instance of it) that stands for it here. */
export interface SupervisedProcess {
  /** `x` of `[program:x]`, or of the `[group:x]` that lists it. */
  readonly group: string;
  readonly name: string;
  /** Key in `programs`. */
  readonly program: string;
  /** Number of the instance, or null where the program has one. */
  readonly instance: number | null;
}

/** As supervisorctl writes it: `name` for a process that is its own group, else `group:name`. */
export function fullName({ group, name }: { readonly group: string; readonly name: string }): string {
  return group === name ? name : `${group}:${name}`;
}

/** A name that `programs` takes, near to supervisor's; `taken` keeps them apart. */
export function programName(written: string, taken: ReadonlySet<string>): string {
  const plain =
    written
      .replace(/[^A-Za-z0-9_.-]+/g, "-")
      .replace(/^[-_.]+|-+$/g, "")
      .slice(0, 56) || "program";
  if (!taken.has(plain)) return plain;
  for (let number = 2; ; number++) if (!taken.has(`${plain}-${number}`)) return `${plain}-${number}`;
}
